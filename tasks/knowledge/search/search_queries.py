"""The SQL of search: the candidates of each ranking, their fusion, and the context of the hits.

Each statement sees one snapshot, and all statements of a search read one build, also when another is activated in the
meantime. `{table}` is the partition of the widget's chunks. Vectors are passed in the type of their column: PostgreSQL
would otherwise convert them for each passage.
"""

from typing import LiteralString

from psycopg import sql

from tasks.knowledge.indexing.vector_index import LEAD
from tasks.records.chunk_tables import JOB_CONTENT

_READ: LiteralString = f"""
    SELECT id, scraped_page_id AS page_id, position,
           {LEAD} <=> %(lead)b AS distance, terms <#> %(terms)b AS product
    FROM {{table}}
"""
_SCANNED: LiteralString = f"""
scanned AS MATERIALIZED ({_READ}
    WHERE scraped_page_id = ANY(ARRAY({JOB_CONTENT})) AND model = %(model)s
), """
_NEAREST: LiteralString = """
nearest AS (
    SELECT * FROM scanned ORDER BY distance LIMIT %(nearest)s
), """
_NEAREST_PER_PAGE: LiteralString = """
nearest AS (
    SELECT id, page_id, position, distance, product FROM (
        SELECT *, row_number() OVER (PARTITION BY page_id ORDER BY distance) AS of_page FROM scanned
    ) AS ranked WHERE of_page <= %(per_page)s ORDER BY distance LIMIT %(nearest)s
), """
_MATCHING: LiteralString = """
matching AS (
    SELECT * FROM scanned WHERE product < 0 ORDER BY product LIMIT %(matching)s
)
"""
# Not `= ANY`, by which the planner would read the pages one by one: the index of the widget's chunks is read, and the
# few of them that the build does not have are passed over.
_OF_BUILD: LiteralString = f"""
    WHERE widget_id = {{widget}} AND model = %(model)s AND (scraped_page_id IN ({JOB_CONTENT})) IS TRUE
"""
_INDEXED: LiteralString = f"""
nearest AS MATERIALIZED ({_READ}
    {_OF_BUILD} ORDER BY {LEAD} <=> %(lead)b LIMIT {{nearest}}
), matching AS MATERIALIZED ({_READ}
    {_OF_BUILD} AND knowledge_numbers(terms) && %(rarest)s::int[] ORDER BY product LIMIT {{matching}}
)
"""
_FUSED: LiteralString = """
, candidates AS MATERIALIZED (
    SELECT id, page_id, position, product,
           -- A short vector is its lead.
           CASE WHEN %(is_short)s THEN distance
               ELSE (SELECT embedding <=> %(vector)b FROM {table} AS chunk WHERE chunk.id = named.id)
           END AS distance
    FROM (TABLE nearest UNION TABLE matching) AS named
), pages AS MATERIALIZED (
    -- Looked up one by one by primary key: a join would scan the pages of all sites.
    SELECT page_id, page_distance, is_navigation FROM (SELECT DISTINCT page_id FROM candidates) AS named, LATERAL (
        SELECT embedding <=> %(page_vector)b AS page_distance,
               coalesce((metadata->>'link_share')::float, 0) >= %(navigation_share)s AS is_navigation
        FROM stored_pages WHERE id = named.page_id LIMIT 1
    ) AS page
), ranks AS (
    SELECT id, %(passage_weight)s::float AS weight,
           row_number() OVER (ORDER BY distance + %(page_distance_weight)s * page_distance) AS rank
    FROM (SELECT id FROM nearest) AS near JOIN candidates USING (id) JOIN pages USING (page_id)
    UNION ALL
    SELECT id, %(page_weight)s::float, dense_rank() OVER (ORDER BY page_distance)
    FROM candidates JOIN pages USING (page_id)
), by_meaning AS (
    SELECT id, sum(weight * (%(rank_constant)s + 1) / (%(rank_constant)s + rank)) AS score FROM ranks GROUP BY id
), fused AS (
    SELECT id, page_id, position, distance,
           (coalesce(%(words_weight)s::float * product / nullif(min(product) OVER (), 0), 0) + coalesce(score, 0))
           * CASE WHEN is_navigation THEN %(navigation_weight)s::float ELSE 1 END AS score
    FROM candidates JOIN pages USING (page_id) LEFT JOIN by_meaning USING (id)
), diverse AS (
    SELECT *, row_number() OVER (
        PARTITION BY page_id, position >= %(fact_position)s ORDER BY score DESC, position
    ) AS of_page FROM fused
), best AS (
    SELECT id, distance, score FROM diverse WHERE of_page <= %(per_page)s ORDER BY score DESC, id LIMIT %(limit)s
)
SELECT chunk.scraped_page_id, position, url, title, heading_path, text, language, 1 - distance, score,
       ARRAY(SELECT terms <#> unit < 0 FROM unnest(%(units)b::sparsevec[]) AS unit)
FROM best JOIN {table} AS chunk USING (id)
JOIN stored_pages AS page ON page.id = scraped_page_id
ORDER BY score DESC, best.id
"""
SCAN = sql.SQL("WITH" + _SCANNED + _NEAREST + _MATCHING + _FUSED)
SCAN_PER_PAGE = sql.SQL("WITH" + _SCANNED + _NEAREST_PER_PAGE + _MATCHING + _FUSED)
INDEXED_SEARCH = sql.SQL("WITH" + _INDEXED + _FUSED)
"""For a widget with indexes of its own. The widget's id is a literal: the planner then finds the partial indexes, and
estimates few rows."""

CONTEXT = sql.SQL(f"""
SELECT place, text, language, heading_path, -(terms <#> %(terms)b), 1 - ({LEAD} <=> %(lead)b)
FROM unnest(%(pages)s::uuid[], %(positions)s::int[]) WITH ORDINALITY AS hit (page, at, place)
JOIN {{table}} ON scraped_page_id = page AND position BETWEEN at - %(reach)s AND at + %(reach)s
ORDER BY place, position
""")
