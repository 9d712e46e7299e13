"""The SQL of search: passages named by each ranking, fused, and what stands around those found.

Each statement sees one version of the knowledge, and all look at one build, whatever is swapped meanwhile.
"""

from typing import LiteralString

from psycopg import sql

_SCANNED: LiteralString = """
scanned AS MATERIALIZED (
    SELECT id, scraped_page_id, lead <=> %(lead)b::halfvec AS distance, terms <#> %(terms)s::sparsevec AS product
    FROM knowledge_chunks WHERE job_id = %(job)s AND model = %(model)s
), """
_NEAREST: LiteralString = """
nearest AS (
    SELECT id FROM scanned ORDER BY distance LIMIT %(nearest)s
), """
_NEAREST_OF_PAGES: LiteralString = """
nearest AS (
    SELECT id FROM (
        SELECT id, distance, row_number() OVER (PARTITION BY scraped_page_id ORDER BY distance) AS of_page FROM scanned
    ) AS ranked WHERE of_page <= %(per_page)s ORDER BY distance LIMIT %(nearest)s
), """
_WORDED: LiteralString = """
worded AS (
    SELECT id, product FROM scanned WHERE product < 0 ORDER BY product LIMIT %(worded)s
)
"""
_LOOKED_UP: LiteralString = """
nearest AS MATERIALIZED (
    SELECT id FROM knowledge_chunks WHERE job_id = {job} AND model = %(model)s
    ORDER BY lead <=> %(lead)b::halfvec LIMIT %(nearest)s
), worded AS (
    SELECT id, terms <#> %(terms)s::sparsevec AS product FROM knowledge_chunks
    WHERE job_id = {job} AND model = %(model)s AND search @@ {rarest}::tsquery
    ORDER BY product LIMIT %(worded)s
)
"""
_FUSED: LiteralString = """
, candidates AS MATERIALIZED (
    SELECT id, chunk.scraped_page_id AS page_id,
           -- The lead is the whole of a short vector, and at hand.
           CASE WHEN %(is_short)s THEN chunk.lead <=> %(lead)b::halfvec
               ELSE chunk.embedding <=> %(vector)b END AS distance
    FROM (SELECT id FROM nearest UNION SELECT id FROM worded) AS named JOIN knowledge_chunks AS chunk USING (id)
), pages AS MATERIALIZED (
    SELECT id AS page_id, embedding <=> %(vector)b AS page_distance FROM knowledge_scraped_pages
    WHERE id IN (SELECT page_id FROM candidates)
), places AS (
    SELECT id, %(passage_share)s::float AS share,
           row_number() OVER (ORDER BY distance + %(page_weight)s * page_distance) AS place
    FROM nearest JOIN candidates USING (id) JOIN pages USING (page_id)
    UNION ALL
    SELECT id, 1, row_number() OVER (ORDER BY product) FROM worded
    UNION ALL
    SELECT id, %(page_share)s, dense_rank() OVER (ORDER BY page_distance) FROM candidates JOIN pages USING (page_id)
), fused AS (
    SELECT id, sum(share / (%(rank_constant)s + place)) AS score FROM places GROUP BY id
), diverse AS (
    SELECT id, score, row_number() OVER (PARTITION BY scraped_page_id ORDER BY score DESC, position) AS of_page
    FROM fused JOIN knowledge_chunks USING (id)
), best AS (
    SELECT id, score FROM diverse WHERE of_page <= %(per_page)s ORDER BY score DESC, id LIMIT %(limit)s
)
SELECT chunk.scraped_page_id, position, url, title, heading_path, text, 1 - (chunk.embedding <=> %(vector)b), score,
       ARRAY(SELECT terms <#> unit < 0 FROM unnest(%(units)s::sparsevec[]) AS unit)
FROM best JOIN knowledge_chunks AS chunk USING (id)
JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id
ORDER BY score DESC, best.id
"""
SCAN = sql.SQL("WITH" + _SCANNED + _NEAREST + _WORDED + _FUSED)
SCAN_PAGES = sql.SQL("WITH" + _SCANNED + _NEAREST_OF_PAGES + _WORDED + _FUSED)
LOOK_UP = sql.SQL("WITH" + _LOOKED_UP + _FUSED)
"""For a build with indexes of its own, which the planner finds by the build's literal id."""

AROUND: LiteralString = """
SELECT place, text, language, heading_path, -(terms <#> %(terms)s::sparsevec), 1 - (lead <=> %(lead)b::halfvec)
FROM unnest(%(pages)s::uuid[], %(positions)s::int[]) WITH ORDINALITY AS hit (page, at, place)
JOIN knowledge_chunks ON scraped_page_id = page AND position BETWEEN at - %(reach)s AND at + %(reach)s
ORDER BY place, position
"""
