"""The product's addresses, and the view that single events are measured against."""

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from apps.config.urls import handler404, handler500, urlpatterns

__all__ = ["handler404", "handler500", "urlpatterns"]


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """An empty view with one INSERT: what a request to this server costs at least."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_row (body) VALUES (%s)", [request.body.decode()])
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("bench/insert", insert), *urlpatterns]
