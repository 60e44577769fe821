"""Audits the batteries behind the servers, from the status file that apcupsd keeps."""

from pathlib import Path

from posture import model
from posture.model import Verdict, check, collector, failed, passed


@model.subject("ups")
class Ups(model.Subject):
    """One uninterruptible power supply."""

    name: str
    status_file: str

    @property
    def key(self) -> str:
        return self.name


@model.fact("ups.battery")
class Battery:
    """What the status file says of the battery."""

    charge: float


@model.params
class Charged:
    """How full it has to be, in percent."""

    least: float


@collector(traffic="reads {status_file}")
def battery(ups: Ups) -> Battery:
    try:
        lines = Path(ups.status_file).read_text(encoding="utf-8").splitlines()
        found = dict(line.split(":", 1) for line in lines if ":" in line)
        return Battery(charge=float(found["BCHARGE  "].split()[0]))
    except (OSError, KeyError, ValueError) as error:
        raise model.CollectError(model.Reason.MALFORMED, str(error)) from error


@check("ups.battery.charged")
def charged(battery: Battery, params: Charged) -> Verdict:
    """The battery would carry the servers through a power cut."""
    if battery.charge >= params.least:
        return passed("ok", charge=battery.charge)
    return failed("low", charge=battery.charge, least=params.least, fix="replace")


AREA = model.Area(
    name="ups",
    title="Power",
    package=__name__,
    subjects=(Ups,),
    collectors=(battery,),
    checks=(charged,),
)
