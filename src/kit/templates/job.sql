
-- == Job @title@: one row for each stream and @bucket@. dictionary.md tells what the columns are.

CREATE OR REPLACE VIEW @job@ AS
SELECT @columns@
FROM @source@;

-- The rows with the people that figures are of. Means weigh by the interested people of the buckets whose mean is known;
-- an average of averages would be wrong. Of interested people without an age or a gender no category is known: they are the
-- unknown part of age.
CREATE OR REPLACE VIEW @parts@ AS
SELECT *,
    CASE WHEN interested > 0 AND stop_time_seconds IS NOT NULL THEN interested END AS stop_time_people,
    CASE WHEN interested > 0 AND attention_time_seconds IS NOT NULL THEN interested END AS attention_time_people,
    gender_female + gender_male + gender_unknown AS gender_people,
    category_senior_female + category_senior_male AS senior_people,
    category_young_female + category_young_male AS young_people,
    -- More where the service counted more of them than were interested.
    CASE WHEN senior_people + young_people + interested IS NOT NULL
        THEN greatest(interested, senior_people + young_people) END AS age_people
FROM @job@;
@views@
-- Published files, as the manifest of each stream tells: `missing` are buckets that the service does not have; a file that
-- is sealed will not change any more.
CREATE OR REPLACE VIEW @files@ AS
SELECT stream, file."path" AS path, file."from" AS "from", file."to" AS "to", file."rows" AS "rows",
    file.expected AS expected, file.missing AS missing, file.sealed AS sealed
FROM (
    SELECT stream, unnest(partitions) AS file
    FROM read_json(getvariable('folder') || @manifests@, hive_partitioning = false, columns = {'stream': 'VARCHAR',
        'partitions': 'STRUCT("path" VARCHAR, "from" TIMESTAMPTZ, "to" TIMESTAMPTZ, "rows" BIGINT, expected BIGINT, missing BIGINT, sealed BOOLEAN)[]'})
);
