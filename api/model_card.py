"""The model in use, as its promotion wrote it down; this process never loads weights."""

import json
from dataclasses import dataclass
from pathlib import Path

import structlog

CARD = Path("models") / "current.json"


@dataclass(frozen=True, slots=True)
class ModelInUse:
    model: str
    """Content hash of the weights."""
    name: str
    classes: tuple[str, ...]
    note: str
    """What its card says of its limits."""


def model_in_use(home: Path) -> ModelInUse | None:
    """None where no model is current; a card that cannot be read is logged and counts as none."""
    path = home / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        classes = tuple(str(name) for name in card["classes"])
        return ModelInUse(str(card["model"]), str(card["name"]), classes, str(card.get("note", "")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        structlog.get_logger().warning("model_card_unreadable", path=str(path), cause=type(error).__name__)
        return None
