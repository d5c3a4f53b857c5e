"""The table of names: what senders write on the left, what it is known as on the right."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.lineage import names
from apps.lineage.names import (
    DIALECTS,
    Key,
    dialect_named,
    key_of,
    place_of,
    short_name,
    table_name,
)


@pytest.mark.parametrize(
    ("namespace", "name", "known_as"),
    [
        # Postgres folds to lower case, but not within quotes; the default port says nothing.
        ("postgres://db.acme.example:5432", "Shop.Public.Orders", "shop.public.orders"),
        ("postgres://db.acme.example", 'shop.public."Orders"', "shop.public.Orders"),
        ("postgresql://u:secret@DB.acme.example/shop", "orders", "shop.public.orders"),
        ("postgres://db.acme.example/shop", "sales.orders", "shop.sales.orders"),
        ("postgres://db.acme.example", 'shop.public."a.b"', "shop.public.a.b"),
        ("postgres://db.acme.example", 'public."say ""hi"""', 'public.say "hi"'),
        # Snowflake folds to upper case.
        ("snowflake://acme-eu1", "shop.public.orders", "SHOP.PUBLIC.ORDERS"),
        ("snowflake://acme-eu1", 'shop.public."orders"', "SHOP.PUBLIC.orders"),
        ("snowflake://ACME-EU1.snowflakecomputing.com/SHOP/SALES", "orders", "SHOP.SALES.ORDERS"),
        # BigQuery keeps case; shards and partitions of one table are that table.
        ("bigquery", "proj.Sales.Orders", "proj.Sales.Orders"),
        ("bigquery", "`proj.sales.orders`", "proj.sales.orders"),
        ("bigquery", "proj.sales.events_20240131", "proj.sales.events_*"),
        ("bigquery", "proj.sales.orders$20240131", "proj.sales.orders"),
        # A file is one database.
        ("duckdb:///srv/w.duckdb", "w.main.Orders", "main.orders"),
        ("duckdb:///srv/w.duckdb", '"Orders"', "main.orders"),
        ("duckdb://flights", "flights", "main.flights"),
        # MySQL's schema is its database.
        ("mysql://db.acme.example:3306/shop", "Orders", "shop.Orders"),
        ("mysql://db.acme.example", "`shop`.`orders`", "shop.orders"),
        ("databricks://adb-1.azure.example", "Main.`Sales`.Orders", "main.sales.orders"),
        ("mssql://db.acme.example/shop", "[Orders]", "shop.dbo.orders"),
        ("redshift://c.acme.example:5439/dev", '"Orders"', "dev.public.orders"),
        # A path is no name with dots: it stays, but for slashes at its ends.
        ("s3://lake", "raw/orders", "raw/orders"),
        ("s3a://lake", "/raw/orders/", "raw/orders"),
        ("abfss://lake@acme.dfs.core.windows.net", "raw/[x]. y", "raw/[x]. y"),
        ("file", "/data/orders.csv/", "/data/orders.csv"),
        ("hdfs://nn:8020", "/", "/"),
        # What has no dialect stays as it was sent, but for quotes.
        ("", "orders", "orders"),
    ],
)
def test_names_of_tables(namespace, name, known_as):
    assert key_of("table", namespace, name).name == known_as


@pytest.mark.parametrize(
    ("sent", "known_as"),
    [
        ("postgresql://DB.acme.example:5432/shop?sslmode=require", "postgres://db.acme.example"),
        ("postgres://me:pa@ss@db.acme.example:6543", "postgres://db.acme.example:6543"),
        ("jdbc:postgresql://db.acme.example/shop", "postgres://db.acme.example"),
        ("postgresql+psycopg://db.acme.example", "postgres://db.acme.example"),
        ("snowflake://Acme-EU1.snowflakecomputing.com", "snowflake://acme-eu1"),
        ("duckdb:///srv/W.duckdb/", "duckdb:///srv/W.duckdb"),
        ("BigQuery", "bigquery"),
        ("s3://lake/", "s3://lake"),
        ("s3a://lake", "s3://lake"),
        ("gcs://lake/x", "gs://lake/x"),
        # The container of Azure is no user; a user with a password is none of its containers.
        ("abfs://raw@acme.dfs.core.windows.net/", "abfss://raw@acme.dfs.core.windows.net"),
        ("wasbs://me:secret@acme.blob.core.windows.net", "wasbs://acme.blob.core.windows.net"),
        ("a house word", "a house word"),
    ],
)
def test_namespaces(sent, known_as):
    assert place_of(sent).namespace == known_as


@pytest.mark.parametrize(
    ("sent", "known_as"),
    [
        ("https://me:secret@bi.acme.example/d/7?token=abc", "https://bi.acme.example/d/7"),
        ("s3://key:secret@lake/raw", "s3://lake/raw"),
    ],
)
def test_no_password_becomes_part_of_a_name(sent, known_as):
    assert key_of("dashboard", sent, "Sales").namespace == known_as
    assert "secret" not in place_of(sent).namespace


def test_all_who_spell_it_differently_mean_one_table():
    spellings = [
        ("postgres://db:5432", "shop.public.orders"),
        ("postgresql://db/shop", "ORDERS"),
        ("postgresql://reader:x@db:5432/shop", 'public."orders"'),
        ("jdbc:postgresql://DB/shop", " public . orders "),
    ]

    assert len({key_of("table", *spelt) for spelt in spellings}) == 1


def test_a_bare_name_is_looked_for_where_the_statement_ran():
    place = place_of("postgres", database="shop")

    assert key_of("table", None, "orders", place).name == "shop.public.orders"
    assert key_of("table", "postgres://other", "orders", place).namespace == "postgres://other"


def test_people_and_columns():
    assert key_of("user", "snowflake", "Maria@Acme.Example") == Key(
        "user", "", "maria@acme.example"
    )
    column = key_of("table", "bigquery", "p.d.t").column("Amount")
    assert column.name == "p.d.t#Amount"
    assert short_name(column.name, "column") == "Amount"
    assert short_name("shop.public.orders", "table") == "orders"


def test_ids_are_of_one_workspace_and_of_one_thing():
    here, there = uuid.uuid4(), uuid.uuid4()
    table = Key("table", "bigquery", "p.d.t")

    ids = {
        table.id_in(here),
        table.id_in(there),
        Key("table", "bigquery", "p.d.t2").id_in(here),
        Key("job", "bigquery", "p.d.t").id_in(here),
    }

    assert len(ids) == 4
    assert table.id_in(here) == Key("table", "bigquery", "p.d.t").id_in(here)


NAMES = st.text(alphabet='aB."`[]# \t$_1é', max_size=30)


@given(name=NAMES, dialect=st.sampled_from([*DIALECTS, "none of them"]), database=NAMES)
def test_any_text_is_a_name_and_its_own_name_stays(name, dialect, database):
    place = place_of(None, dialect=dialect, database=database)

    known_as = table_name(name, place)

    assert isinstance(known_as, str)
    assert known_as != "" or not name


@given(
    parts=st.lists(st.text(alphabet="aBcD_2", min_size=1), min_size=1, max_size=3),
    dialect=st.sampled_from(sorted(DIALECTS)),
)
def test_a_full_name_of_plain_words_is_known_by_itself(parts, dialect):
    """Else a name that comes back from us, as in an alias or an export, would be another thing."""
    place = place_of(None, dialect=dialect, database="db", schema="s")
    once = table_name(".".join(parts), place)

    assert table_name(once, place) == once


@pytest.mark.parametrize(
    ("word", "dialect"),
    [
        ("postgresql", "postgres"),
        ("microsoft.sql_server", "mssql"),
        ("gcp.bigquery", "bigquery"),
        ("Snowflake", "snowflake"),
        ("redis", None),
        ("", None),
        (None, None),
    ],
)
def test_dialects_by_the_words_of_drivers_and_conventions(word, dialect):
    found = dialect_named(word)

    assert (found.name if found else None) == dialect


def test_only_short_names_are_remembered():
    """Names of a sender's choice, tens of thousands of them, must not fill the memory."""
    place_of("s3://known")
    key_of("table", "s3://known", "orders")
    places, keys = names._remembered_place.cache_info(), names._remembered_key.cache_info()

    long = "x" * names.REMEMBERED_LENGTH
    assert place_of(f"s3://{long}").namespace == f"s3://{long}"
    assert key_of("table", "s3://known", long).name == long
    key_of("table", "s3://known", "orders")

    assert names._remembered_place.cache_info().misses == places.misses
    assert names._remembered_key.cache_info().misses == keys.misses
    assert names._remembered_key.cache_info().hits == keys.hits + 1
