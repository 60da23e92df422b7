-- Views of DuckDB over the published files of audience-exporter. Made by `audience-exporter kit`; nothing is copied, so
-- that they always show what is published by now.
--
--   duckdb audience.duckdb -c ".read views.sql" -c ".read queries.sql"
--   duckdb.connect().execute(open("views.sql").read())            in Python
--
-- The views look for the files when they are used: a session that opens a database with these views has to say where the
-- files are, as the first statement here does. A job that has no file yet has no view; run `audience-exporter pull` first.

-- Where the files are: another folder or a bucket such as 's3://audience/data' will do.
SET VARIABLE folder = @folder@;

-- The streams of the configuration, with the zones of their cameras and their tags.
CREATE OR REPLACE VIEW @streams@ AS
SELECT * FROM (VALUES
@rows_of_streams@
) AS streams(stream, timezone@tag_columns@);
@jobs@@rollups@
