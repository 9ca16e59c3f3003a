// What happened in a run, as JSON lines on one clock: what clients asked and heard, faults, moves of ladders, and what the
// ledger and the payment provider held at the end.

/** Epoch ms of the process that recorded it all. */
type Moment = number

/** What the run was; the first line. */
export interface Run {
  readonly type: 'run'
  readonly t: Moment
  readonly seed: number
  readonly engines: string
  /** The client's bound, ms: after it what is unknown is not looked up any more. */
  readonly patience: number
}

/** One attempt of a client's. */
export interface Invoke {
  readonly type: 'invoke'
  readonly id: number
  readonly t: Moment
  /** The member's id, or a name for a guest. */
  readonly client: string
  /** Which of the shop's processes was asked. */
  readonly process: string
  readonly op: string
  /** What was meant, and is meant again by each repeat; of a writing operation its idempotency key. */
  readonly action: string
  readonly input: Fields
}

export interface Outcome {
  readonly type: 'outcome'
  readonly id: number
  readonly t: Moment
  /** `unknown`: no answer came, or one that says that it is not known what became of it. */
  readonly result: 'ok' | 'refused' | 'unknown'
  readonly code?: string
  /** A refusal that says "not now": asked again, the answer may be another. */
  readonly later?: true
  readonly value?: Fields
}

export interface FaultMark {
  readonly type: 'fault'
  readonly t: Moment
  readonly name: string
  readonly phase: 'begin' | 'end'
}

export interface LadderMove {
  readonly type: 'ladder'
  readonly t: Moment
  readonly process: string
  readonly ladder: string
  readonly from: string
  readonly to: string
  readonly cause: string | null
}

/** One row of a table, as it was at the end. */
export interface Fact {
  readonly type: 'fact'
  readonly table: string
  readonly row: Row
}

/** The last line: how many rows each table had, so that a file that was cut short is not taken for a whole one. */
export interface End {
  readonly type: 'end'
  readonly t: Moment
  readonly tables: Readonly<Record<string, number>>
}

export type Fields = Readonly<Record<string, unknown>>
export type Row = Readonly<Record<string, string | number | null>>
export type Entry = Run | Invoke | Outcome | FaultMark | LadderMove | Fact | End

/** An attempt with what came of it; null: nothing was ever written down. */
export interface Call extends Omit<Invoke, 'type'> {
  readonly outcome: Outcome | null
}

export interface History {
  readonly run: Run | null
  /** In the order of asking. */
  readonly calls: readonly Call[]
  readonly faults: readonly FaultMark[]
  readonly moves: readonly LadderMove[]
  /** What was held at the end, by table; a table that is not there was not looked at. */
  readonly tables: ReadonlyMap<string, readonly Row[]>
}

export class HistoryDamaged extends Error {
  override readonly name = 'HistoryDamaged'
}

const FIELDS: Readonly<Record<Entry['type'], Readonly<Record<string, 'string' | 'number' | 'object'>>>> = {
  run: { t: 'number', seed: 'number', engines: 'string', patience: 'number' },
  invoke: {
    ...{ id: 'number', t: 'number', client: 'string', process: 'string' },
    ...{ op: 'string', action: 'string', input: 'object' },
  },
  outcome: { id: 'number', t: 'number', result: 'string' },
  fault: { t: 'number', name: 'string', phase: 'string' },
  ladder: { t: 'number', process: 'string', ladder: 'string', from: 'string', to: 'string' },
  fact: { table: 'string', row: 'object' },
  end: { t: 'number', tables: 'object' },
}

/** @throws HistoryDamaged that names the line and what is wrong with it. */
export function readHistory(text: string): History {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return historyOf(lines.map((line, at) => readLine(line, at + 1)))
}

/** @throws HistoryDamaged where entries do not fit each other. */
export function historyOf(entries: readonly Entry[]): History {
  const outcomes = new Map<number, Outcome>()
  const invokes = new Map<number, Invoke>()
  const tables = new Map<string, Row[]>()
  let run: Run | null = null
  let end: End | null = null
  const faults: FaultMark[] = []
  const moves: LadderMove[] = []
  for (const [at, entry] of entries.entries()) {
    if (end !== null) throw new HistoryDamaged(`line ${at + 1}: something follows the end`)
    if (entry.type === 'run') run = entry
    else if (entry.type === 'invoke') put(invokes, entry, at)
    else if (entry.type === 'outcome') {
      if (!invokes.has(entry.id))
        throw new HistoryDamaged(`line ${at + 1}: an outcome of call ${entry.id}, which nobody made`)
      put(outcomes, entry, at)
    } else if (entry.type === 'fault') faults.push(entry)
    else if (entry.type === 'ladder') moves.push(entry)
    else if (entry.type === 'fact') rowsOf(tables, entry.table).push(entry.row)
    else end = entry
  }
  if (end === null) throw new HistoryDamaged('the last line is missing: the run was cut short')
  for (const [table, rows] of Object.entries(end.tables)) {
    const there = rowsOf(tables, table).length
    if (there !== rows) throw new HistoryDamaged(`table ${table} had ${rows} rows, ${there} are here`)
  }
  const calls = [...invokes.values()].map(call => ({ ...call, outcome: outcomes.get(call.id) ?? null }))
  return { run, calls, faults, moves, tables }
}

function put<T extends Invoke | Outcome>(into: Map<number, T>, entry: T, at: number): void {
  if (into.has(entry.id))
    throw new HistoryDamaged(`line ${at + 1}: a second ${entry.type} of call ${entry.id}`)
  into.set(entry.id, entry)
}

function rowsOf(tables: Map<string, Row[]>, table: string): Row[] {
  const rows = tables.get(table) ?? []
  tables.set(table, rows)
  return rows
}

function readLine(line: string, number: number): Entry {
  const bad = (why: string): never => {
    throw new HistoryDamaged(`line ${number}: ${why}`)
  }
  let entry: Fields
  try {
    entry = JSON.parse(line) as Fields
  } catch {
    return bad('it is not JSON; the file may have been cut here')
  }
  if (typeof entry !== 'object' || entry === null) return bad('it is not an object')
  const fields = FIELDS[entry.type as Entry['type']]
  if (fields === undefined) return bad(`its type is ${JSON.stringify(entry.type)}, which is none of ours`)
  for (const [name, type] of Object.entries(fields)) {
    if (typeof entry[name] !== type || entry[name] === null) bad(`${entry.type} needs ${name}, a ${type}`)
  }
  return entry as unknown as Entry
}
