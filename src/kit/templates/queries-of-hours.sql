
-- 9. Hour of the week as a heat map: a line for each hour of the day, a column for each weekday, all cameras together.
PIVOT (
    SELECT hour_of_day, weekday, round(sum(mean_passing_by)) AS people FROM @hour_of_week@ GROUP BY ALL
) ON weekday IN (1, 2, 3, 4, 5, 6, 7) USING sum(people)
ORDER BY hour_of_day;

-- 10. The busiest hour of each day.
SELECT stream, CAST(local_hour AS DATE) AS day, arg_max(local_hour, passing_by) AS busiest_hour, max(passing_by) AS passing_by
FROM @by_hour@
GROUP BY ALL
ORDER BY stream, day;
