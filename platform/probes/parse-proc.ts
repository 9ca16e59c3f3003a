// What Linux writes of itself below /proc and in control groups (proc(5), the kernel's cgroup-v2.rst). Pure.

/** The unit of processor time in /proc: Linux tells programs a hundred a second, whatever the kernel counts by. */
const TICKS_PER_SECOND = 100
/** What a sector is in /proc/diskstats, whatever the disk's own are. */
const SECTOR_BYTES = 512

export interface CpuCounter {
  /** Processor seconds since the start of the machine, of all processors together: at work, and altogether. */
  readonly busy: number
  readonly total: number
  readonly processors: number
}

/** `/proc/stat`; `boot`: when the machine started, epoch seconds. @throws Error when it is none */
export function parseStat(text: string): { readonly cpu: CpuCounter; readonly boot: number | null } {
  const line = /^cpu +(.*)$/m.exec(text)?.[1]
  if (line === undefined) throw new Error('no line of all processors')
  // The time of guests is in user and nice already.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/ +/)
    .map(Number)
  const busy = user + nice + system + irq + softirq + steal
  const processors = [...text.matchAll(/^cpu\d+ /gm)].length
  const boot = /^btime (\d+)$/m.exec(text)?.[1]
  return {
    cpu: {
      busy: busy / TICKS_PER_SECOND,
      total: (busy + idle + iowait) / TICKS_PER_SECOND,
      processors,
    },
    boot: boot === undefined ? null : Number(boot),
  }
}

/** Bytes. @throws Error when it is none */
export function parseMeminfo(text: string): { readonly total: number; readonly available: number } {
  const of = (name: string): number => {
    const kib = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1]
    if (kib === undefined) throw new Error(`no ${name}`)
    return Number(kib) * 1024
  }
  return { total: of('MemTotal'), available: of('MemAvailable') }
}

export interface DiskCounter {
  readonly device: string
  /** Since the start of the machine, bytes. */
  readonly read: number
  readonly written: number
  /** Time in which it had something to do, seconds. */
  readonly busy: number
}

/** `whole`: names of whole devices, as parts of one would be counted twice; null: not known, all are told. */
export function parseDiskstats(text: string, whole: ReadonlySet<string> | null): readonly DiskCounter[] {
  return text.split('\n').flatMap(line => {
    const [, , device, , , sectorsRead, , , , sectorsWritten, , , busyMs] = line.trim().split(/ +/)
    if (device === undefined || busyMs === undefined) return []
    if (/^(loop|ram|zram)\d/.test(device) || (whole !== null && !whole.has(device))) return []
    return [
      {
        device,
        read: Number(sectorsRead) * SECTOR_BYTES,
        written: Number(sectorsWritten) * SECTOR_BYTES,
        busy: Number(busyMs) / 1000,
      },
    ]
  })
}

export interface NetworkCounter {
  readonly device: string
  /** Since the start of the machine, bytes, then packets. */
  readonly received: number
  readonly sent: number
  readonly errors: number
  readonly dropped: number
}

/** Without the way to ourselves. */
export function parseNetDev(text: string): readonly NetworkCounter[] {
  return text.split('\n').flatMap(line => {
    const [device, rest] = line.split(':')
    if (rest === undefined || device!.trim() === 'lo') return []
    const [bytesIn, , errorsIn, dropsIn, , , , , bytesOut, , errorsOut, dropsOut] = rest
      .trim()
      .split(/ +/)
      .map(Number)
    if (dropsOut === undefined) return []
    return [
      {
        device: device!.trim(),
        received: bytesIn!,
        sent: bytesOut!,
        errors: errorsIn! + errorsOut!,
        dropped: dropsIn! + dropsOut,
      },
    ]
  })
}

export function parseLoad(text: string): readonly [number, number, number] | null {
  const [one, five, fifteen] = text.split(' ').map(Number)
  return fifteen === undefined || Number.isNaN(fifteen) ? null : [one!, five!, fifteen]
}

/** Ours in the one hierarchy of version 2: `0::/path`. Null: there is none. */
export function groupPath(text: string): string | null {
  return /^0::(\/.*)$/m.exec(text)?.[1] ?? null
}

/** `cpu.max`, as processors at once: `150000 100000` is 1.5. Null: as many as there are. */
export function quotaOf(text: string): number | null {
  const [quota, period] = text.trim().split(' ').map(Number)
  return quota === undefined || period === undefined || !(quota > 0) || !(period > 0) ? null : quota / period
}

/** Of `name value` lines. */
export function counterOf(text: string, name: string): number | null {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]
  return value === undefined ? null : Number(value)
}

/** R runs, S sleeps, D waits for a disk, T was stopped by a signal, t by a debugger, Z has ended and was not collected, I idle in the kernel. */
export type ProcessLetter = 'R' | 'S' | 'D' | 'T' | 't' | 'Z' | 'X' | 'I'

export interface ProcessStat {
  readonly name: string
  readonly state: ProcessLetter
  readonly parent: number
  /** Processor time so far, seconds. */
  readonly cpu: number
  readonly threads: number
  /** Seconds from the start of the machine to its own. */
  readonly started: number
}

/** `/proc/PID/stat`: the name is in brackets, and may hold brackets and blanks itself. @throws Error when it is none */
export function parseProcessStat(text: string): ProcessStat {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ')
  if (open < 0 || close < open || fields.length < 20) throw new Error('no status of a process')
  const number = (i: number): number => Number(fields[i])
  return {
    name: text.slice(open + 1, close),
    state: fields[0] as ProcessLetter,
    parent: number(1),
    cpu: (number(11) + number(12)) / TICKS_PER_SECOND,
    threads: number(17),
    started: number(19) / TICKS_PER_SECOND,
  }
}
