"""Writes `tests/data`: small tables made by Apache Hudi on Spark, of which the folder `.hoodie` alone is kept.

Hudi writes a table version per release, so it is run once for each (Java 17; `pip install pyspark==3.5.3`; the bundles
`hudi-spark3.5-bundle_2.12` are on Maven Central):

    python plugins/lumos-format-hudi/tests/generate_hudi_tables.py v6 hudi-spark3.5-bundle_2.12-0.15.0.jar
    python plugins/lumos-format-hudi/tests/generate_hudi_tables.py v8 hudi-spark3.5-bundle_2.12-1.0.2.jar
    python plugins/lumos-format-hudi/tests/generate_hudi_tables.py v9 hudi-spark3.5-bundle_2.12-1.1.1.jar

What Hudi itself says of each table stands in `expected-VERSION.json`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession

DATA = Path(__file__).resolve().parent / "data"
TABLES = ("types", "bare", "timed", "custom", "compacted", "overwritten", "mor", "archived", "evolved", "cow")
ONE = {f"hoodie.{name}.shuffle.parallelism": "1" for name in ("insert", "upsert", "delete", "bulkinsert")}
PLAIN = {**ONE, "hoodie.metadata.enable": "false", "hoodie.datasource.write.recordkey.field": "id"}
PLAIN["hoodie.datasource.write.precombine.field"] = "at"
BY_DAY = {"hoodie.datasource.write.partitionpath.field": "day"}
FLAT = {"hoodie.datasource.write.keygenerator.class": "org.apache.hudi.keygen.NonpartitionedKeyGenerator"}
MOR = {"hoodie.datasource.write.table.type": "MERGE_ON_READ"}
TAGS = ", if(id < 0, null, map('a', id)) as tags"
UTC = {"hoodie.table.timeline.timezone": "UTC"}
SORTED = {"hoodie.clustering.plan.strategy.sort.columns": "id", "hoodie.clustering.inline": "true"}


class Maker:
    """Makes tables with one release of Hudi.

    Args:
        spark: With that release.
        root: Where they are made.
    """

    def __init__(self, spark: SparkSession, root: Path) -> None:
        self.spark = spark
        self.root = root

    def rows(self, first: int, last: int, more: str = "") -> DataFrame:
        """Return rows whose ids are in a range."""
        return self.spark.sql(
            f"select id, concat('n', id) as name, cast(id * 10 as int) as at, concat('2026-01-0', id % 2 + 1) as day"
            f"{more} from range({first}, {last})"
        )

    def write(self, name: str, rows: DataFrame, operation: str, *options: dict[str, str]) -> None:
        """Write to a table, which is made where it is not there."""
        every = {**PLAIN, "hoodie.table.name": name, "hoodie.datasource.write.operation": operation}
        for some in options:
            every.update(some)
        rows.write.format("hudi").options(**every).mode("append").save(str(self.root / name))

    def call(self, procedure: str) -> list[Any]:
        """Call one of Hudi's procedures."""
        return self.spark.sql(f"call {procedure}").collect()

    def cow(self) -> None:
        """Updates, a new column, deletions, clustering, a savepoint, a commit that was rolled back, partitions."""
        options = [BY_DAY, UTC, {"hoodie.datasource.write.hive_style_partitioning": "true"}]
        mdt = {"hoodie.metadata.enable": "true"}
        self.write("cow", self.rows(0, 6), "insert", *options, mdt)
        self.write("cow", self.rows(4, 8, TAGS), "upsert", *options, mdt)
        self.write("cow", self.rows(0, 1, TAGS), "delete", *options, mdt)
        cluster = {**SORTED, "hoodie.clustering.inline.max.commits": "1"}
        self.write("cow", self.rows(8, 10, TAGS), "upsert", *options, mdt, cluster)
        path = f"path => '{self.root / 'cow'}'"
        newest = self.timeline("cow").lastInstant().get()
        self.call(f"create_savepoint({path}, commit_time => '{self.time(newest)}')")
        self.write("cow", self.rows(20, 22, TAGS + ", nullif(1, 0) as undone"), "upsert", *options, mdt)
        newest = self.timeline("cow").lastInstant().get()
        self.spark.sql(f"create table cow using hudi location '{self.root / 'cow'}'")
        self.call(f"rollback_to_instant(table => 'cow', instant_time => '{self.time(newest)}')")

    def mor(self) -> None:
        """Logs, a compaction, more logs, and a compaction that is only planned."""
        keys = {"hoodie.datasource.write.recordkey.field": "id,name"}
        options = [BY_DAY, MOR, keys]
        compact = {"hoodie.compact.inline": "true", "hoodie.compact.inline.max.delta.commits": "1"}
        self.write("mor", self.rows(0, 6), "upsert", *options)
        self.write("mor", self.rows(0, 3), "upsert", *options)
        self.write("mor", self.rows(1, 4), "upsert", *options, compact)
        planned = {**compact, "hoodie.compact.inline": "false", "hoodie.compact.schedule.inline": "true"}
        self.write("mor", self.rows(0, 2, ", nullif(1.5D, 0) as price"), "upsert", *options, planned)
        self.write(
            "mor", self.rows(1, 2, ", nullif(2.5D, 0) as price"), "upsert", *options, {"hoodie.compact.inline": "false"}
        )

    def compacted(self) -> None:
        """Every file is compacted: the rows are known again."""
        compact = {"hoodie.compact.inline": "true", "hoodie.compact.inline.max.delta.commits": "1"}
        self.write("compacted", self.rows(0, 6), "upsert", FLAT, MOR)
        self.write("compacted", self.rows(2, 5), "upsert", FLAT, MOR, compact)

    def archived(self) -> None:
        """The first commits are no longer in the active timeline, and their files are cleaned."""
        few = {"hoodie.cleaner.commits.retained": "1", "hoodie.keep.min.commits": "2", "hoodie.keep.max.commits": "3"}
        for number in range(9):
            self.write("archived", self.rows(number, number + 2), "upsert", FLAT, few)

    def overwritten(self) -> None:
        """Everything replaced, then a partition of it deleted."""
        self.write("overwritten", self.rows(0, 6), "bulk_insert", BY_DAY)
        self.write("overwritten", self.rows(6, 10), "insert_overwrite_table", BY_DAY)
        gone = {"hoodie.datasource.write.partitions.to.delete": "2026-01-01"}
        self.write("overwritten", self.rows(0, 0), "delete_partition", BY_DAY, gone)

    def bare(self) -> None:
        """No meta fields, no ordering field, and the partition columns are not in the files."""
        bare = {"hoodie.populate.meta.fields": "false", "hoodie.datasource.write.drop.partition.columns": "true"}
        self.write("bare", self.rows(0, 4), "bulk_insert", BY_DAY, bare)

    def timed(self) -> None:
        """Partitioned by the day of a column that counts seconds."""
        keygen = {
            "hoodie.datasource.write.keygenerator.class": "org.apache.hudi.keygen.TimestampBasedKeyGenerator",
            "hoodie.datasource.write.partitionpath.field": "at",
            "hoodie.keygen.timebased.timestamp.type": "UNIX_TIMESTAMP",
            "hoodie.keygen.timebased.output.dateformat": "yyyy/MM/dd",
            "hoodie.deltastreamer.keygen.timebased.timestamp.type": "UNIX_TIMESTAMP",
            "hoodie.deltastreamer.keygen.timebased.output.dateformat": "yyyy/MM/dd",
        }
        self.write("timed", self.rows(0, 3), "insert", keygen)

    def custom(self) -> None:
        """Partitioned by a column as it is and by the hour of another."""
        keygen = {
            "hoodie.datasource.write.keygenerator.class": "org.apache.hudi.keygen.CustomKeyGenerator",
            "hoodie.datasource.write.partitionpath.field": "day:SIMPLE,at:TIMESTAMP",
            "hoodie.keygen.timebased.timestamp.type": "UNIX_TIMESTAMP",
            "hoodie.keygen.timebased.output.dateformat": "yyyy-MM-dd-HH",
            "hoodie.deltastreamer.keygen.timebased.timestamp.type": "UNIX_TIMESTAMP",
            "hoodie.deltastreamer.keygen.timebased.output.dateformat": "yyyy-MM-dd-HH",
        }
        self.write("custom", self.rows(0, 3), "insert", keygen)

    def types(self) -> None:
        """Every type that Spark's SQL has, without a commit."""
        self.spark.sql(
            "create table types (id bigint comment 'The number', a tinyint, b smallint, c int, d float, e double, "
            "f boolean, g binary, h date, i timestamp, j decimal(12,3), k varchar(9), l array<string>, "
            "m map<string,array<date>>, home struct<city: string comment 'Where', zip: bigint>, "
            "past array<struct<city: string, since: date>>, day string) using hudi "
            f"tblproperties (primaryKey = 'id', preCombineField = 'c', type = 'mor') partitioned by (day) "
            f"comment 'Every type' location '{self.root / 'types'}'"
        )

    def evolved(self) -> None:
        """Columns renamed, dropped, moved and widened, which Hudi keeps with ids beside the Avro schema."""
        self.spark.sql("set hoodie.schema.on.read.enable=true")
        self.spark.sql("set hoodie.metadata.enable=false")
        self.spark.sql("set hoodie.datasource.write.schema.allow.auto.evolution.column.drop=true")
        self.spark.sql(
            "create table evolved (id int, name string, price float, old string, home struct<city: string, zip: int>) "
            f"using hudi tblproperties (primaryKey = 'id') location '{self.root / 'evolved'}'"
        )
        self.spark.sql("insert into evolved values (1, 'a', 1.5, 'x', struct('B', 7)), (2, 'b', 2.5, 'y', null)")
        self.spark.sql("alter table evolved rename column name to title")
        self.spark.sql("alter table evolved alter column price type double")
        self.spark.sql("alter table evolved drop column old")
        self.spark.sql("alter table evolved add columns (note string comment 'New' after id)")
        self.spark.sql("insert into evolved values (3, 'n', 'c', 3.5, struct('C', 8))")
        self.spark.sql("set hoodie.schema.on.read.enable=false")

    def meta(self, name: str) -> Any:
        """Return Hudi's own view of a table."""
        jvm: Any = self.spark._jvm
        conf = jvm.org.apache.hudi.hadoop.fs.HadoopFSUtils.getStorageConf(self.spark._jsc.hadoopConfiguration())
        builder = jvm.org.apache.hudi.common.table.HoodieTableMetaClient.builder()
        return builder.setConf(conf).setBasePath(str(self.root / name)).build()

    def timeline(self, name: str) -> Any:
        """Return the completed commits of a table."""
        return self.meta(name).getActiveTimeline().getCommitsTimeline().filterCompletedInstants()

    @staticmethod
    def time(instant: Any) -> str:
        """Return when an instant was requested."""
        return _requested(instant)

    def said(self, name: str) -> dict[str, Any]:
        """Return what Hudi says of a table."""
        meta = self.meta(name)
        resolver = self.spark._jvm.org.apache.hudi.common.table.TableSchemaResolver(meta)
        config = meta.getTableConfig()
        rows = self.spark.read.format("hudi").load(str(self.root / name))
        instants = self.timeline(name)
        keys, parts = config.getRecordKeyFields(), config.getPartitionFields()
        return {
            "avro": json.loads(resolver.getTableAvroSchema().toString()),
            "spark": json.loads(rows.schema.json()),
            "keys": list(keys.get()) if keys.isPresent() else [],
            "partitions": list(parts.get()) if parts.isPresent() else [],
            "name": config.getTableName(),
            "type": config.getTableType().name(),
            "version": config.getTableVersion().versionCode(),
            "last": _requested(instants.lastInstant().get()) if instants.countInstants() else None,
            "rows": _count(rows),
            "files": self.files(name),
        }

    def files(self, name: str) -> dict[str, int]:
        """Return the files of the newest slices, with their sizes, as Hudi's view of the file system has them."""
        jvm: Any = self.spark._jvm
        engine = jvm.org.apache.hudi.client.common.HoodieSparkEngineContext(self.spark._jsc)
        config = jvm.org.apache.hudi.common.config.HoodieMetadataConfig.newBuilder().enable(False).build()
        meta = self.meta(name)
        timeline = meta.getActiveTimeline().filterCompletedAndCompactionInstants()
        manager = jvm.org.apache.hudi.common.table.view.FileSystemViewManager
        view = manager.createInMemoryFileSystemViewWithTimeline(engine, meta, config, timeline)
        found = {}
        root = self.root / name
        folders = {path.parent for path in root.rglob(".hoodie_partition_metadata") if ".hoodie" not in path.parts}
        for folder in folders or {root}:
            relative = "" if folder == root else folder.relative_to(root).as_posix()
            slices = view.getLatestMergedFileSlicesBeforeOrOn(relative, "9" * 17).iterator()
            while slices.hasNext():
                slice = slices.next()
                if slice.getBaseFile().isPresent():
                    base = slice.getBaseFile().get()
                    found[base.getFileName()] = base.getFileLen()
                logs = slice.getLogFiles().iterator()
                while logs.hasNext():
                    log = logs.next()
                    found[log.getFileName()] = log.getFileSize()
        return found


def _count(rows: DataFrame) -> int | None:
    try:
        return rows.count()
    except Py4JJavaError:  # Hudi cannot read the partitions of some key generators that it wrote itself
        return None


def _requested(instant: Any) -> str:
    try:
        return str(instant.requestedTime())
    except Exception:  # releases before 1.0 call it otherwise
        return str(instant.getTimestamp())


def keep(path: Path, target: Path) -> None:
    """Copy the log of a table, without checksums of Hadoop, and without the files of its metadata table."""
    for file in sorted((path / ".hoodie").rglob("*")):
        inner = file.relative_to(path).parts
        if not file.is_file() or file.suffix == ".crc" or (inner[1] == "metadata" and ".hoodie" not in inner[2:]):
            continue
        kept = target / file.relative_to(path)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, kept)


def main(version: str, jar: str, *chosen: str) -> None:
    """Make tables of one version anew: those that are named, or all."""
    with tempfile.TemporaryDirectory() as folder:
        spark = (
            SparkSession.builder.master("local[1]")
            .config("spark.jars", jar)
            .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
            .config("spark.kryo.registrator", "org.apache.spark.HoodieSparkKryoRegistrar")
            .config("spark.sql.extensions", "org.apache.spark.sql.hudi.HoodieSparkSessionExtension")
            .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.hudi.catalog.HoodieCatalog")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate()
        )
        spark.sparkContext.setLogLevel("ERROR")
        maker = Maker(spark, Path(folder))
        path = DATA / f"expected-{version}.json"
        expected = json.loads(path.read_text()) if chosen else {}
        for name in chosen or TABLES:
            shutil.rmtree(DATA / version / name, ignore_errors=True)
            getattr(maker, name)()
            expected[name] = maker.said(name)
            keep(Path(folder) / name, DATA / version / name)
        spark.stop()
    path.write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
