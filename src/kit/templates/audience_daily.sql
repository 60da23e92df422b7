-- One row for each stream and local day. Means weigh by the interested people of the buckets whose mean is known.
select
    stream,
    cast(date_trunc('day', local_start) as date) as day,
    count(*) as buckets,
    cast(sum(passing_by) as bigint) as passing_by,
    cast(sum(interested) as bigint) as interested,
    sum(stop_time_seconds * interested) filter (interested > 0)
        / nullif(sum(interested) filter (interested > 0 and stop_time_seconds is not null), 0) as stop_time_seconds,
    sum(attention_time_seconds * interested) filter (interested > 0)
        / nullif(sum(interested) filter (interested > 0 and attention_time_seconds is not null), 0)
        as attention_time_seconds
from {{ source('audience', @job@) }}
group by all
