"""The SQL of search: passages named by each ranking, fused, and what stands around those found.

Each statement sees one version of the knowledge, and all look at one build, whatever is swapped meanwhile. Vectors
come as what they are compared with: PostgreSQL would convert them for each passage again.
"""

from typing import LiteralString

from psycopg import sql

_READ: LiteralString = """
    SELECT id, scraped_page_id AS page_id, position,
           lead <=> %(lead)b AS distance, terms <#> %(terms)b AS product
    FROM knowledge_chunks
"""
_SCANNED: LiteralString = f"""
scanned AS MATERIALIZED ({_READ} WHERE job_id = %(job)s AND model = %(model)s), """
_NEAREST: LiteralString = """
nearest AS (
    SELECT * FROM scanned ORDER BY distance LIMIT %(nearest)s
), """
_NEAREST_OF_PAGES: LiteralString = """
nearest AS (
    SELECT id, page_id, position, distance, product FROM (
        SELECT *, row_number() OVER (PARTITION BY page_id ORDER BY distance) AS of_page FROM scanned
    ) AS ranked WHERE of_page <= %(per_page)s ORDER BY distance LIMIT %(nearest)s
), """
_WORDED: LiteralString = """
worded AS (
    SELECT * FROM scanned WHERE product < 0 ORDER BY product LIMIT %(worded)s
)
"""
_LOOKED_UP: LiteralString = f"""
nearest AS MATERIALIZED ({_READ}
    WHERE job_id = {{job}} AND model = %(model)s ORDER BY lead <=> %(lead)b LIMIT {{nearest}}
), worded AS MATERIALIZED ({_READ}
    WHERE job_id = {{job}} AND model = %(model)s AND search @@ %(rarest)s::tsquery ORDER BY product LIMIT {{worded}}
)
"""
_FUSED: LiteralString = """
, candidates AS MATERIALIZED (
    SELECT id, page_id, position,
           -- The lead is the whole of a short vector.
           CASE WHEN %(is_short)s THEN distance
               ELSE (SELECT embedding <=> %(vector)b FROM knowledge_chunks AS chunk WHERE chunk.id = named.id)
           END AS distance
    FROM (TABLE nearest UNION TABLE worded) AS named
), pages AS MATERIALIZED (
    -- One by one, by their key: joined, they are looked for among all sites' pages.
    SELECT page_id, page_distance FROM (SELECT DISTINCT page_id FROM candidates) AS named, LATERAL (
        SELECT embedding <=> %(vector)b AS page_distance FROM knowledge_scraped_pages WHERE id = named.page_id LIMIT 1
    ) AS page
), places AS (
    SELECT id, %(passage_share)s::float AS share,
           row_number() OVER (ORDER BY distance + %(page_weight)s * page_distance) AS place
    FROM (SELECT id FROM nearest) AS near JOIN candidates USING (id) JOIN pages USING (page_id)
    UNION ALL
    SELECT id, 1, row_number() OVER (ORDER BY product) FROM worded
    UNION ALL
    SELECT id, %(page_share)s, dense_rank() OVER (ORDER BY page_distance) FROM candidates JOIN pages USING (page_id)
), fused AS (
    SELECT id, sum(share / (%(rank_constant)s + place)) AS score FROM places GROUP BY id
), diverse AS (
    SELECT id, score, row_number() OVER (PARTITION BY page_id ORDER BY score DESC, position) AS of_page
    FROM fused JOIN candidates USING (id)
), best AS (
    SELECT id, score FROM diverse WHERE of_page <= %(per_page)s ORDER BY score DESC, id LIMIT %(limit)s
)
SELECT chunk.scraped_page_id, position, url, title, heading_path, text, 1 - (chunk.embedding <=> %(vector)b), score,
       ARRAY(SELECT terms <#> unit < 0 FROM unnest(%(units)b::sparsevec[]) AS unit)
FROM best JOIN knowledge_chunks AS chunk USING (id)
JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id
ORDER BY score DESC, best.id
"""
SCAN = sql.SQL("WITH" + _SCANNED + _NEAREST + _WORDED + _FUSED)
SCAN_PAGES = sql.SQL("WITH" + _SCANNED + _NEAREST_OF_PAGES + _WORDED + _FUSED)
LOOK_UP = sql.SQL("WITH" + _LOOKED_UP + _FUSED)
"""For a build with indexes of its own, which the planner finds by the build's literal id, and takes for few rows."""

AROUND: LiteralString = """
SELECT place, text, language, heading_path, -(terms <#> %(terms)b), 1 - (lead <=> %(lead)b)
FROM unnest(%(pages)s::uuid[], %(positions)s::int[]) WITH ORDINALITY AS hit (page, at, place)
JOIN knowledge_chunks ON scraped_page_id = page AND position BETWEEN at - %(reach)s AND at + %(reach)s
ORDER BY place, position
"""
