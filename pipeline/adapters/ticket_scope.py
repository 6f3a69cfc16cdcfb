"""Which tickets, and which images of them, a unit's own account may see."""

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.tables import images, sightings, ticket_images, tickets
from pipeline.adapters.tables_life import ticket_looks, ticket_units


def of_unit(unit: str) -> ColumnElement[bool]:
    """Tickets that this unit answers for, alone or with others."""
    joint = sa.select(ticket_units.c.number).where(ticket_units.c.unit == unit)
    return sa.or_(tickets.c.unit == unit, tickets.c.number.in_(joint))


def may_see_ticket(connection: Connection, number: str, unit: str) -> bool:
    query = sa.select(tickets.c.number).where(tickets.c.number == number, of_unit(unit))
    return connection.scalar(query) is not None


def may_see_image(connection: Connection, digest: str, unit: str) -> bool:
    """Whether a ticket of this unit bears the image, its finding was sighted on it, or it shows what came after."""
    borne = (
        sa.select(sa.literal(1))
        .select_from(ticket_images)
        .join(tickets, tickets.c.number == ticket_images.c.number)
        .where(ticket_images.c.digest == digest, of_unit(unit))
    )
    sighted = (
        sa.select(sa.literal(1))
        .select_from(images)
        .join(tickets, tickets.c.view_id == images.c.view_id)
        .join(sightings, sightings.c.finding_id == tickets.c.finding_id)
        .where(images.c.digest == digest, sightings.c.image == digest, of_unit(unit))
    )
    looked_at_again = (
        sa.select(sa.literal(1))
        .select_from(images)
        .join(tickets, tickets.c.view_id == images.c.view_id)
        .join(ticket_looks, ticket_looks.c.number == tickets.c.number)
        .where(images.c.digest == digest, ticket_looks.c.image == digest, of_unit(unit))
    )
    shown = sa.or_(sa.exists(borne), sa.exists(sighted), sa.exists(looked_at_again))
    return bool(connection.scalar(sa.select(shown)))
