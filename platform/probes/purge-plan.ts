// Which binary logs may go. Pure.

export interface KeepFrom {
  /** Who needs it: `replica 10.0.0.5:3306`, `backup of 2026-01-31`. */
  readonly who: string
  readonly kind: 'replica' | 'backup'
  /** The oldest log that it still needs, such as `bin.000012`: of a replica the one it applies from. */
  readonly log: string
}

export interface PurgeSituation {
  /** Oldest first, as SHOW BINARY LOGS tells them. */
  readonly logs: readonly { readonly name: string; readonly bytes: number }[]
  readonly keepFrom: readonly KeepFrom[]
  /** Replicas that there are. */
  readonly expected: number
  /** Replicas that read the log at this moment. */
  readonly connected: number
}

export type PurgePlan = { readonly to: string } | { readonly refused: string }

/** `to`: everything before this log may go, and it stays. */
export function purgePlan({ logs, keepFrom, expected, connected }: PurgeSituation): PurgePlan {
  const replicas = keepFrom.filter(({ kind }) => kind === 'replica').length
  const known = Math.max(expected, connected)
  if (replicas < known)
    return { refused: `there are ${known} replicas, and the positions of ${replicas} are known` }
  let oldest = logs.length - 1
  for (const { who, log } of keepFrom) {
    const at = logs.findIndex(({ name }) => name === log)
    if (at < 0) return { refused: `${who} needs ${log || 'an unknown log'}, which is not here` }
    oldest = Math.min(oldest, at)
  }
  const to = logs[oldest]
  // The newest log is being written, and the oldest needed one is the first already.
  if (to === undefined || oldest <= 0) return { refused: 'there is nothing that may go' }
  return { to: to.name }
}
