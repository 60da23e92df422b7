-- Ready queries over the job @title@. Run views.sql before, in the same session:
--
--   duckdb audience.duckdb -c ".read views.sql" -c ".read queries.sql"
--
-- "The last 28 days" and the like count back from the last day that is published, so that they find something in an old copy
-- too. Days, weeks and months are those of each camera's wall clock.

-- 1. The busiest cameras of the last 28 days, with the seconds that interested people stopped (weighed by them).
SELECT stream, CAST(sum(passing_by) AS BIGINT) AS passing_by, CAST(sum(interested) AS BIGINT) AS interested,
    round(sum(stop_time_seconds * stop_time_people) / sum(stop_time_people), 2) AS stop_time_seconds
FROM @by_day@
WHERE day > (SELECT max(day) FROM @by_day@) - 28
GROUP BY stream
ORDER BY passing_by DESC NULLS LAST, stream
LIMIT 20;

-- 2. Profile of the week: people on an average Monday, Tuesday and so on. Days without a known figure are left out.
SELECT stream, isodow(day) AS weekday, dayname(day) AS name, count(passing_by) AS days,
    round(avg(passing_by)) AS passing_by, round(avg(interested)) AS interested
FROM @by_day@
GROUP BY ALL
ORDER BY stream, weekday;

-- 3. Week over week. A change is told only where the week has as many buckets as the one before (@difference@): a week
-- that is cut, or that has holes, would look like a loss.
SELECT this.stream, this.iso_week, this.buckets, this.passing_by, before.passing_by AS passing_by_before,
    CASE WHEN abs(this.buckets - before.buckets) <= @slack@
        THEN round(100.0 * (this.passing_by - before.passing_by) / nullif(before.passing_by, 0), 1) END AS change_percent
FROM @by_week@ AS this
LEFT JOIN (SELECT stream, week + 7 AS week, passing_by, buckets FROM @by_week@) AS before
    ON before.stream = this.stream AND before.week = this.week
ORDER BY this.stream, this.week;

-- 4. Conversion: how many of those who passed by were interested.
SELECT stream, month, passing_by, interested, round(100 * conversion, 1) AS conversion_percent
FROM @by_month@
ORDER BY stream, month;

-- 5. Gender and age of interested people, with the share of whom it was not found out.
SELECT stream, month, interested,
    round(100 * share_female, 1) AS female_percent, round(100 * share_male, 1) AS male_percent,
    round(100 * share_gender_unknown, 1) AS gender_unknown_percent,
    round(100 * share_senior, 1) AS senior_percent, round(100 * share_young, 1) AS young_percent,
    round(100 * share_age_unknown, 1) AS age_unknown_percent
FROM @by_month@
ORDER BY stream, month;

-- 6. What is missing: buckets without a row, by stream and month. They are not known; none of them is a zero.
SELECT stream, CAST(date_trunc('month', local_start) AS DATE) AS month, count(*) AS missing_buckets,
    min(local_start) AS first, max(local_start) AS last
FROM @missing@
GROUP BY ALL
ORDER BY stream, month;

-- 7. The same as the exporter tells it in _manifest.json: buckets that the service does not have, and files that may still
-- change.
SELECT stream, count(*) AS files, CAST(sum("rows") AS BIGINT) AS "rows", CAST(sum(missing) AS BIGINT) AS missing_buckets,
    count(*) FILTER (NOT sealed) AS files_not_sealed
FROM @files@
GROUP BY stream
ORDER BY stream;

-- 8. All cameras together, day by day, with the mean of the seven days before.
SELECT day, streams, buckets, passing_by,
    round(avg(passing_by) OVER (ORDER BY day ROWS BETWEEN 7 PRECEDING AND 1 PRECEDING)) AS mean_of_7_days_before,
    round(stop_time_seconds, 2) AS stop_time_seconds, round(attention_time_seconds, 2) AS attention_time_seconds
FROM @all_by_day@
ORDER BY day;
