"""The protocol's routes. What they do is in apps.sso.scim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.clock import utc_now
from apps.sso.api.scim_http import ScimRequest, ScimView, precondition_of
from apps.sso.scim import listing, people, protocol, resources, teams
from apps.sso.scim.attributes import GROUPS, USERS, ResourceKind
from apps.sso.scim.documents import select
from apps.sso.scim.errors import ScimError, bad_syntax
from apps.sso.scim.listing import is_wanted, read_names

if TYPE_CHECKING:
    from apps.sso.models import ScimGroup, ScimUser


def _answer(
    request: Request, kind: ResourceKind, resource: dict[str, Any], status: int = 200
) -> Response:
    version, location = resource["meta"]["version"], resource["meta"]["location"]
    attributes, excluded = _named(request)
    response = Response(
        select(kind, resource, attributes=attributes, excluded=excluded), status=status
    )
    response["ETag"] = version
    response["Location" if status == 201 else "Content-Location"] = location
    return response


def _named(request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    given = request.query_params
    return read_names(given.get("attributes")), read_names(given.get("excludedAttributes"))


def _user(request: ScimRequest, row: ScimUser, status: int = 200) -> Response:
    with_groups = is_wanted(USERS, "groups", *_named(request))
    (resource,) = resources.user_resources(
        [row], account_id=request.caller.account_id, with_groups=with_groups
    )
    return _answer(request, USERS, resource, status)


def _group(request: ScimRequest, row: ScimGroup, status: int = 200) -> Response:
    with_members = is_wanted(GROUPS, "members", *_named(request))
    (resource,) = resources.group_resources(
        [row], account_id=request.caller.account_id, with_members=with_members
    )
    return _answer(request, GROUPS, resource, status)


def _page(page: listing.Page) -> Response:
    return Response(protocol.list_body(page.resources, total=page.total, start=page.start))


def _unchanged(etag: str) -> Response:
    response = Response(status=304)
    response["ETag"] = etag
    return response


class Users(ScimView):
    def get(self, request: ScimRequest) -> Response:
        query = listing.read_query(request.query_params)
        return _page(listing.list_users(account_id=request.caller.account_id, query=query))

    def post(self, request: ScimRequest) -> Response:
        row = people.create_user(
            account_id=request.caller.account_id, body=request.data, now=utc_now()
        )
        return _user(request, row, 201)


class OneUser(ScimView):
    def get(self, request: ScimRequest, resource_id: str) -> Response:
        row = people.find_user(account_id=request.caller.account_id, user_id=resource_id)
        if precondition_of(request).is_known(row.etag):
            return _unchanged(row.etag)
        return _user(request, row)

    def put(self, request: ScimRequest, resource_id: str) -> Response:
        row = people.replace_user(
            account_id=request.caller.account_id,
            user_id=resource_id,
            body=request.data,
            precondition=precondition_of(request),
            now=utc_now(),
        )
        return _user(request, row)

    def patch(self, request: ScimRequest, resource_id: str) -> Response:
        row = people.patch_user(
            account_id=request.caller.account_id,
            user_id=resource_id,
            body=request.data,
            precondition=precondition_of(request),
            now=utc_now(),
        )
        return _user(request, row)

    def delete(self, request: ScimRequest, resource_id: str) -> Response:
        people.delete_user(
            account_id=request.caller.account_id,
            user_id=resource_id,
            precondition=precondition_of(request),
            now=utc_now(),
        )
        return Response(status=204)


class Groups(ScimView):
    def get(self, request: ScimRequest) -> Response:
        query = listing.read_query(request.query_params)
        return _page(listing.list_groups(account_id=request.caller.account_id, query=query))

    def post(self, request: ScimRequest) -> Response:
        row = teams.create_group(
            account_id=request.caller.account_id, body=request.data, now=utc_now()
        )
        return _group(request, row, 201)


class OneGroup(ScimView):
    def get(self, request: ScimRequest, resource_id: str) -> Response:
        row = teams.find_group(account_id=request.caller.account_id, group_id=resource_id)
        etag = resources.group_versions([row])[row.pk]
        if precondition_of(request).is_known(etag):
            return _unchanged(etag)
        return _group(request, row)

    def put(self, request: ScimRequest, resource_id: str) -> Response:
        row = teams.replace_group(
            account_id=request.caller.account_id,
            group_id=resource_id,
            body=request.data,
            precondition=precondition_of(request),
            now=utc_now(),
        )
        return _group(request, row)

    def patch(self, request: ScimRequest, resource_id: str) -> Response:
        """Answer without the group, which may have thousands of members, unless parts are named."""
        row = teams.patch_group(
            account_id=request.caller.account_id,
            group_id=resource_id,
            body=request.data,
            precondition=precondition_of(request),
            now=utc_now(),
        )
        if any(_named(request)):
            return _group(request, row)
        response = Response(status=204)
        response["ETag"] = resources.group_versions([row])[row.pk]
        return response

    def delete(self, request: ScimRequest, resource_id: str) -> Response:
        teams.delete_group(
            account_id=request.caller.account_id,
            group_id=resource_id,
            precondition=precondition_of(request),
        )
        return Response(status=204)


class _Search(ScimView):
    """A list whose filter is too long, or too private, for an address (RFC 7644 §3.4.3)."""

    reading = ScimView.reading | {"POST"}

    def query_of(self, request: Request) -> listing.Query:
        if not isinstance(request.data, dict):
            raise bad_syntax("The body is no JSON object.")
        return listing.read_query(request.data)


class SearchUsers(_Search):
    def post(self, request: ScimRequest) -> Response:
        query = self.query_of(request)
        return _page(listing.list_users(account_id=request.caller.account_id, query=query))


class SearchGroups(_Search):
    def post(self, request: ScimRequest) -> Response:
        query = self.query_of(request)
        return _page(listing.list_groups(account_id=request.caller.account_id, query=query))


class _Description(ScimView):
    """What is the same for everybody; it cannot be filtered (RFC 7644 §4)."""

    def refuse_filter(self, request: Request) -> None:
        if "filter" in request.query_params:
            raise ScimError(403, "What the service says of itself cannot be filtered.")


class ServiceProviderConfig(_Description):
    def get(self, request: ScimRequest) -> Response:
        self.refuse_filter(request)
        return Response(
            protocol.service_provider_config(resources.base_url(), max_results=listing.MAX_COUNT)
        )


class ResourceTypes(_Description):
    def get(self, request: ScimRequest, name: str = "") -> Response:
        self.refuse_filter(request)
        return _described(protocol.resource_types(resources.base_url()), name)


class Schemas(_Description):
    def get(self, request: ScimRequest, name: str = "") -> Response:
        self.refuse_filter(request)
        return _described(protocol.schemas(resources.base_url()), name)


def _described(found: list[dict[str, Any]], name: str) -> Response:
    if not name:
        return Response(protocol.list_body(found))
    one = next((each for each in found if each["id"].lower() == name.lower()), None)
    if one is None:
        raise ScimError(404, "There is nothing of this name.")
    return Response(one)


class NotOffered(ScimView):
    """What the protocol knows and Headway does not offer: Bulk, and Me, as a token is nobody."""

    def _refuse(self, _request: ScimRequest, *_args: object, **_kwargs: object) -> Response:
        raise ScimError(501, "This is not offered; see ServiceProviderConfig.")

    get = post = put = patch = delete = _refuse


class Nothing(ScimView):
    def _refuse(self, _request: ScimRequest, *_args: object, **_kwargs: object) -> Response:
        raise ScimError(404, "There is nothing here.")

    get = post = put = patch = delete = _refuse
