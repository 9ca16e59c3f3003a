// Environment variables by which the test command hands its engines to the tests. They do not begin with LEVEE_:
// a shop started by a test would take them for settings, and refuse them.

/** The server's URL; its user may make databases named `levee_…`. */
export const TEST_LEDGER_URL = 'TEST_LEDGER_URL'
/** The same server with every right, for faults that need them; absent on a server named by LEVEE_MYSQL_URL. */
export const TEST_LEDGER_ADMIN_URL = 'TEST_LEDGER_ADMIN_URL'
/** A Redis that all tests share: each takes a prefix of its own, and flushes nothing. */
export const TEST_REDIS_URL = 'TEST_REDIS_URL'
/** A Kafka that all tests share, `host:port` with commas between: each takes a prefix of its own. */
export const TEST_KAFKA_BROKERS = 'TEST_KAFKA_BROKERS'

/** Path of Prometheus's own checker of rules. */
export const TEST_PROMTOOL = 'TEST_PROMTOOL'

/**
 * The kinds of shops that every whole-system test runs on: SQLite; MariaDB; MariaDB and Redis; these and Kafka; and the
 * same with every service a process of its own.
 */
export const SHOP_KINDS = ['sqlite', 'mariadb', 'redis', 'kafka', 'split'] as const
