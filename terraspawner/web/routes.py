"""All routes of the service, in the order in which they are tried: some addresses take any tail."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from terraspawner.web import (
    account_pages,
    api_accounts,
    api_audit,
    api_catalogue,
    api_comparisons,
    api_copies,
    api_disks,
    api_environments,
    api_files,
    api_groups,
    api_history,
    api_leases,
    api_libraries,
    api_losses,
    api_members,
    api_notebooks,
    api_oversight,
    api_people,
    api_previews,
    api_projects,
    api_proposals,
    api_reconcile,
    api_self,
    api_stops,
    api_store,
    api_uploads,
    api_usage,
    audit_pages,
    card,
    data_disk_pages,
    disk_pages,
    drive_pages,
    environment_pages,
    file_pages,
    health,
    history_pages,
    image_pages,
    lease_pages,
    link_pages,
    metrics,
    notebook_forms,
    notebook_pages,
    open_pages,
    pages,
    people_pages,
    project_pages,
    proposal_pages,
    schedule_pages,
    signing_in,
    stop_pages,
    store_pages,
    usage_pages,
    version_pages,
)

APIS = (
    api_self,
    api_stops,  # before the environments of others, by whose ids `facts` would be one
    api_people,
    api_projects,
    api_members,
    api_accounts,
    api_audit,
    api_usage,
    api_groups,
    api_environments,
    api_catalogue,
    api_losses,
    api_oversight,
    api_disks,
    api_libraries,
    api_leases,  # before the notebooks, whose addresses take any tail
    api_previews,
    api_copies,
    api_history,
    api_proposals,
    api_comparisons,
    api_notebooks,
    api_uploads,
    api_files,
    api_reconcile,
    api_store,
    health,
    metrics,
)
"""Below `api/v1`."""
DOORS = (
    signing_in,
    link_pages,
    account_pages,
    version_pages,
    proposal_pages,
    history_pages,  # before other pages of notebooks, whose addresses take any tail
    pages,
    lease_pages,
    notebook_forms,
    notebook_pages,
    file_pages,
    environment_pages,
    data_disk_pages,
    disk_pages,
    drive_pages,
    project_pages,
    people_pages,
    card,
    stop_pages,
    schedule_pages,
    image_pages,
    open_pages,
    audit_pages,
    store_pages,
    usage_pages,
)
"""Pages."""


def add(app: FastAPI, prefix: str, api_prefix: str) -> None:
    """REST below `api_prefix`, pages below `prefix`."""
    for router in (api.router for api in APIS):
        app.include_router(router, prefix=api_prefix)
    site = APIRouter(prefix=prefix)
    for router in (door.router for door in DOORS):
        site.include_router(router)
    site.include_router(api_losses.pages)
    site.include_router(open_pages.terminal)
    site.include_router(open_pages.playground)
    app.include_router(site)
    app.add_api_route(f"{prefix}/health", health.health, include_in_schema=False)
