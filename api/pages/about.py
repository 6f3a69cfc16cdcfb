"""What is looked for and by which model."""

from fastapi import APIRouter, Request, Response

from api.dependencies import Wired
from api.pages.drawing import Drawn
from pipeline.adapters import queries

router = APIRouter(include_in_schema=False)


@router.get("/about")
def show_about(request: Request, services: Wired, drawing: Drawn) -> Response:
    model = services.model()
    with services.look() as connection:
        categories = queries.all_categories(connection)
        reasons = queries.all_reasons(connection)
    return drawing.page(
        request, "about.html", model=model, categories=categories, reasons=reasons,
        classes=model.classes if model else (),
    )  # fmt: skip
