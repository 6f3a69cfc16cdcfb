"""Who is sent: rules from place and thing to units by tier (点位包干), the most specific one first."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.category import Kind
from pipeline.domain.site import Site, SiteKind, Tier

RuleUnit = str | Tier
"""A unit by name, or the site's own unit of a tier."""


@dataclass(frozen=True, slots=True)
class DispatchRule:
    """None means any. Where two rules are equally specific, the one with the lower position wins."""

    id: int
    units: tuple[RuleUnit, ...]
    """Lead first."""
    site: str | None = None
    site_kind: SiteKind | None = None
    category: str | None = None
    kind: Kind | None = None
    note: str = ""
    position: int = 0

    @property
    def specificity(self) -> tuple[bool, bool, bool, bool]:
        """The place outweighs the thing; a site its kind, and a category its kind."""
        return self.site is not None, self.site_kind is not None, self.category is not None, self.kind is not None

    def fits(self, site: Site, category: str, kind: Kind) -> bool:
        asked = ((self.site, site.name), (self.site_kind, site.kind), (self.category, category), (self.kind, kind))
        return all(wanted is None or wanted == found for wanted, found in asked)


@dataclass(frozen=True, slots=True)
class Proposal:
    units: tuple[str, ...]
    """Lead first; empty where neither a rule nor the site names one."""
    rule: DispatchRule | None = None
    """None: the site's own unit nearest to the street."""


def proposal_for(rules: Sequence[DispatchRule], site: Site, category: str, kind: Kind) -> Proposal:
    """The most specific rule that fits and names a unit, else the site's own unit.

    A rule that asks only for tiers that the site does not have is passed over.
    """
    for rule in sorted(rules, key=_best_first):
        if rule.fits(site, category, kind) and (units := _named(rule, site)):
            return Proposal(units, rule)
    return Proposal((site.responsible_unit,) if site.responsible_unit else ())


def _best_first(rule: DispatchRule) -> tuple[tuple[bool, ...], int, int]:
    return tuple(not given for given in rule.specificity), rule.position, rule.id


def _named(rule: DispatchRule, site: Site) -> tuple[str, ...]:
    named = (site.units.get(unit) if isinstance(unit, Tier) else unit for unit in rule.units)
    return tuple(dict.fromkeys(unit for unit in named if unit))
