// A MariaDB of one's own with a replica: to be killed, stopped, made read-only, and started again with its data.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Connection, createConnection } from 'mysql2/promise'
import { type RunningMariadb, startMariadb } from '../../platform/engines/start-mariadb.ts'

/** No test takes the machine's power away: what was written survives any process. */
const COMMON = [
  '--innodb-flush-method=nosync',
  '--log-bin=bin',
  '--binlog-format=ROW',
  '--gtid-strict-mode=ON',
]

/** All rows in one file that does not grow beyond this: a disk of one's own that can be full, without the rights to make one. */
const SMALL_DISK = ['--innodb-file-per-table=0', '--innodb-data-file-path=ibdata1:12M:autoextend:max:96M']
/** Rows that fill it, so many at once and so long each, until not one of the last fits in. */
const BALLAST = [
  [1_000, 7_000],
  [100, 7_000],
  [1, 7_000],
  [1, 300],
] as const
const TABLE_FULL = 1114

/** Each has users and passwords of its own, and makes them at every start. */
const FOLLOWS = [
  '--server-id=2',
  '--read-only=1',
  '--log-slave-updates=1',
  '--replicate-wild-ignore-table=mysql.%',
]

type Disk = 'own' | 'small'

export class MariadbPair {
  readonly replicaUrl: string
  private readonly folder: string
  private readonly disk: Disk
  private primary: RunningMariadb
  private readonly replica: RunningMariadb
  /** Holds every commit while it is there. */
  private holder: Connection | null = null

  private constructor(folder: string, disk: Disk, primary: RunningMariadb, replica: RunningMariadb) {
    this.folder = folder
    this.disk = disk
    this.primary = primary
    this.replica = replica
    // The database is the one that is asked for at the primary.
    const url = new URL(replica.url)
    url.pathname = ''
    this.replicaUrl = url.href
  }

  /** `disk`: `small` is one that `fill` fills. */
  static async start(disk: Disk = 'own'): Promise<MariadbPair> {
    const folder = mkdtempSync(path.join(tmpdir(), 'levee-pair-'))
    const [primary, replica] = await Promise.all([
      startPrimary(folder, disk),
      startMariadb({ extra: [...COMMON, ...FOLLOWS] }),
    ])
    const pair = new MariadbPair(folder, disk, primary, replica)
    await pair.follow()
    return pair
  }

  /** Of the primary, before and after it was started again. */
  get url(): string {
    return this.primary.url
  }

  /** With every right. */
  get adminUrl(): string {
    return this.primary.adminUrl
  }
  get replicaAdminUrl(): string {
    return this.replica.adminUrl
  }
  get port(): number {
    return this.primary.port
  }

  async kill(): Promise<void> {
    process.kill(this.primary.pid, 'SIGKILL')
    await this.primary.stop()
  }

  /** With its data, on its port. */
  async restart(): Promise<void> {
    this.primary = await startPrimary(this.folder, this.disk, this.primary.port)
  }

  /** Keeps its connections and answers nothing. */
  stop(): void {
    process.kill(this.primary.pid, 'SIGSTOP')
  }

  goOn(): void {
    process.kill(this.primary.pid, 'SIGCONT')
  }

  /** As an administrator at the primary. */
  async run(statement: string): Promise<void> {
    await runAt(this.primary, statement)
  }

  /** Commits hang until they are let go, reads go on: what a full disk under the binary log does, which is looked at once a minute. */
  async holdCommits(): Promise<void> {
    this.holder = await createConnection(this.primary.adminUrl)
    for (const stage of ['START', 'FLUSH', 'BLOCK_DDL', 'BLOCK_COMMIT'])
      await this.holder.query(`BACKUP STAGE ${stage}`)
  }

  async letCommitsGo(): Promise<void> {
    await this.holder?.query('BACKUP STAGE END')
    await this.holder?.end()
    this.holder = null
  }

  /** Of the primary; the replica has room. */
  async fill(): Promise<void> {
    const connection = await createConnection(this.primary.adminUrl)
    try {
      await connection.query('SET sql_log_bin=0')
      await connection.query('CREATE TABLE mysql.ballast (bytes VARBINARY(7000)) ENGINE=InnoDB')
      for (const [rows, bytes] of BALLAST)
        await untilFull(() =>
          connection.query(`INSERT INTO mysql.ballast SELECT REPEAT('x', ${bytes}) FROM seq_1_to_${rows}`),
        )
    } finally {
      await connection.end()
    }
  }

  async makeRoom(): Promise<void> {
    // A replica leaves alone what is in `mysql`.
    await this.run('DROP TABLE mysql.ballast')
  }

  async drop(): Promise<void> {
    await this.holder?.end()
    await Promise.all([this.primary.stop(), this.replica.stop()])
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** From now on. */
  private async follow(): Promise<void> {
    const [row] = (await runAt(this.primary, 'SELECT @@gtid_current_pos AS at')) as { at: string }[]
    const { username, password, hostname, port } = new URL(this.primary.adminUrl)
    await runAt(this.replica, `SET GLOBAL gtid_slave_pos='${row!.at}'`)
    await runAt(
      this.replica,
      `CHANGE MASTER TO MASTER_HOST='${hostname}', MASTER_PORT=${port}, MASTER_USER='${username}',
       MASTER_PASSWORD='${decodeURIComponent(password)}', MASTER_CONNECT_RETRY=1, MASTER_USE_GTID=slave_pos`,
    )
    await runAt(this.replica, 'START SLAVE')
  }
}

function startPrimary(folder: string, disk: Disk, port = 0): Promise<RunningMariadb> {
  const own = disk === 'small' ? SMALL_DISK : []
  return startMariadb({ folder, port, extra: [...COMMON, ...own, '--server-id=1'] })
}

async function untilFull(insert: () => Promise<unknown>): Promise<void> {
  try {
    for (;;) await insert()
  } catch (error) {
    if ((error as { errno?: number }).errno !== TABLE_FULL) throw error
  }
}

async function runAt({ adminUrl }: RunningMariadb, statement: string): Promise<unknown> {
  const connection = await createConnection(adminUrl)
  try {
    const [rows] = await connection.query(statement)
    return rows
  } finally {
    await connection.end()
  }
}
