"""Categories, reasons and stored images."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response

from api.dependencies import Asking, Wired, scope_of
from api.errors import problems
from api.schemas import CategoriesOut, CategoryOut, ModelOut, ReasonOut
from pipeline.adapters import queries
from pipeline.domain.errors import NotFound

router = APIRouter(tags=["terms"])

JPEG_START = b"\xff\xd8"
KEPT_FOR_EVER = "private, max-age=31536000, immutable"
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="sha256 of the image")]
JPEG_ANSWER: dict[int | str, dict[str, Any]] = {  # Any: FastAPI's own type
    200: {"description": "The image", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "You have it already"},
}


@router.get("/api/v1/categories", responses=problems())
def list_categories(services: Wired) -> CategoriesOut:
    """Which categories there are, when they open, and whether the model in use looks for them."""
    model = services.model()
    with services.look() as connection:
        rows = queries.all_categories(connection)
    classes = model.classes if model else ()
    return CategoriesOut(
        model=ModelOut.model_validate(model) if model else None,
        categories=[CategoryOut.model_validate({**row._asdict(), "detected": row.code in classes}) for row in rows],
    )


@router.get("/api/v1/reasons", responses=problems())
def list_reasons(services: Wired) -> list[ReasonOut]:
    """Why a ticket may be dismissed."""
    with services.look() as connection:
        return [ReasonOut.model_validate(row) for row in queries.all_reasons(connection)]


@router.get(
    "/images/{digest}", tags=["images"], response_class=Response, responses={**JPEG_ANSWER, **problems(404, 422)}
)
def read_image(
    services: Wired, person: Asking, digest: Digest, if_none_match: Annotated[str | None, Header(max_length=200)] = None
) -> Response:
    """A stored, redacted image; its address never shows anything else."""
    tag = f'"{digest}"'
    headers = {"Cache-Control": KEPT_FOR_EVER, "ETag": tag}
    with services.look() as connection:
        if not queries.is_shown(connection, digest, scope_of(person)):
            raise NotFound(f"no image {digest[:12]}")
    if if_none_match and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    content = services.images.get(digest)
    if not content.startswith(JPEG_START):
        raise NotFound(f"{digest[:12]} is no picture")
    return Response(content, media_type="image/jpeg", headers=headers)
