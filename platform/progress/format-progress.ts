// How progress looks, as pure text.

export interface ProgressState {
  readonly label: string
  readonly done: number
  /** Null: the end is not known. */
  readonly total: number | null
  /** What is counted, in the plural: `lines`, `orders`. */
  readonly unit: string
  /** Units a second over the last while; null while there is nothing to judge by. */
  readonly rate: number | null
}

const BAR_WIDTH = 24

/** One line without a bar, for logs: `import  1,204/39,529 lines   3%  812/s  47s left`. */
export function formatLine(state: ProgressState): string {
  const parts = [state.label, `${amount(state)} ${state.unit}`]
  if (state.total !== null) parts.push(`${percent(state.done, state.total)}%`.padStart(4))
  if (state.rate !== null) parts.push(`${formatRate(state.rate)}/s`)
  const left = secondsLeft(state)
  if (left !== null) parts.push(`${formatDuration(left)} left`)
  return parts.join('  ')
}

/** One line with a bar, cut to the terminal's width so that it never wraps. */
export function formatBar(state: ProgressState, columns: number): string {
  if (state.total === null) return formatLine(state).slice(0, columns)
  const filled = Math.floor(Math.min(1, ratio(state.done, state.total)) * BAR_WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled)
  return formatLine({ ...state, label: `${state.label}  ${bar}` }).slice(0, columns)
}

/** Seconds until the total at the present rate; null when that cannot be said or nothing is left. */
export function secondsLeft(state: ProgressState): number | null {
  if (state.total === null || state.done >= state.total) return null
  if (state.rate === null || state.rate <= 0) return null
  return (state.total - state.done) / state.rate
}

/** Seconds as people read them: `8s`, `3m 20s`, `2h 05m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`
  return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`
}

const ratio = (done: number, total: number): number => (total === 0 ? 1 : done / total)
/** Rounded down: 100 % is said only when all is done. */
const percent = (done: number, total: number): number => Math.floor(Math.min(1, ratio(done, total)) * 100)
const formatRate = (rate: number): string => (rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate)))
const grouped = (value: number): string => value.toLocaleString('en-GB')

function amount({ done, total }: ProgressState): string {
  if (total === null) return grouped(done)
  return `${grouped(done).padStart(grouped(total).length)}/${grouped(total)}`
}
