// The machine, or the part of it that we are given: processor, memory, disks, network. Linux: /proc and, where it sets
// limits, control groups of version 2. Counters are told as they are; ratios come from two readings.

import { readdir, readFile, statfs } from 'node:fs/promises'
import path from 'node:path'
import { within } from '../within.ts'
import {
  type CpuCounter,
  counterOf,
  type DiskCounter,
  groupPath,
  type NetworkCounter,
  parseDiskstats,
  parseLoad,
  parseMeminfo,
  parseNetDev,
  parseStat,
  quotaOf,
} from './parse-proc.ts'
import { PROBE_MS } from './probe.ts'
import { probeFailure } from './probe-failed.ts'

export interface HostProbeOptions {
  /** Whose disks are looked at. */
  readonly folders: readonly string[]
  /** ms */
  readonly timeLimit?: number
  /** Where the system shows itself; tests have their own. */
  readonly roots?: { readonly proc: string; readonly cgroup: string; readonly block: string }
}

const ROOTS = { proc: '/proc', cgroup: '/sys/fs/cgroup', block: '/sys/block' }

export interface HostReading {
  /** When it was read, monotonic ms. */
  readonly at: number
  /** Of the whole machine. */
  readonly cpu: CpuCounter
  /** Of our control group, where it limits processor time; else null. */
  readonly cpuGroup: GroupCpu | null
  readonly memory: {
    /** Bytes. */
    readonly used: number
    readonly total: number
    readonly ratio: number
    /** Whose limit that is: ours, or all that the machine has. */
    readonly of: 'group' | 'host'
  }
  readonly disks: readonly Disk[]
  readonly diskIo: readonly DiskCounter[]
  readonly network: readonly NetworkCounter[]
  /** Runnable and waiting tasks, averaged over 1, 5 and 15 minutes; null: not told. */
  readonly load: readonly [number, number, number] | null
}

export interface GroupCpu {
  /** Processor time used so far, seconds. */
  readonly used: number
  /** Processors that it may use at once, such as 1.5. */
  readonly limit: number
  /** Time in which it had work and was held back, seconds. */
  readonly throttled: number
}

export interface Disk {
  readonly folder: string
  /** Bytes; free as for who is not root. */
  readonly used: number
  readonly free: number
  /** As `df` tells it. */
  readonly ratio: number
  /** Of the files that there may be; null: the file system has no such limit. */
  readonly filesRatio: number | null
}

/** @throws ProbeFailed */
export async function readHost(options: HostProbeOptions, signal: AbortSignal): Promise<HostReading> {
  const { folders, timeLimit = PROBE_MS, roots = ROOTS } = options
  const text = (file: string): Promise<string> => readFile(path.join(roots.proc, file), 'utf8')
  try {
    return await within(timeLimit, signal, async () => {
      const at = performance.now()
      const [stat, meminfo, diskstats, netDev, load, cgroup, whole, disks] = await Promise.all([
        text('stat'),
        text('meminfo'),
        orEmpty(text('diskstats')),
        orEmpty(text('net/dev')),
        orEmpty(text('loadavg')),
        orEmpty(text('self/cgroup')),
        readdir(roots.block).catch(() => null),
        Promise.all(folders.map(readDisk)),
      ])
      const groups = groupsFrom(roots.cgroup, groupPath(cgroup))
      const [cpuGroup, memory] = await Promise.all([tightestCpu(groups), tightestMemory(groups)])
      const { total, available } = parseMeminfo(meminfo)
      const host = { used: total - available, total, ratio: (total - available) / total, of: 'host' as const }
      return {
        ...{ at, cpu: parseStat(stat).cpu, cpuGroup, disks },
        memory: memory ?? host,
        diskIo: parseDiskstats(diskstats, whole === null ? null : new Set(whole)),
        network: parseNetDev(netDev),
        load: parseLoad(load),
      }
    })
  } catch (error) {
    throw probeFailure('the host', error)
  }
}

/**
 * How much of the processor time was used between two readings, 0 to 1: of what our group may use where it has a limit,
 * else of all processors. Null: there is no time between them, or the counters began anew.
 */
export function cpuBusy(before: HostReading, after: HostReading): number | null {
  const seconds = (after.at - before.at) / 1000
  if (before.cpuGroup !== null && after.cpuGroup !== null && seconds > 0) {
    const used = after.cpuGroup.used - before.cpuGroup.used
    return used < 0 ? null : Math.min(1, used / (seconds * after.cpuGroup.limit))
  }
  const total = after.cpu.total - before.cpu.total
  const busy = after.cpu.busy - before.cpu.busy
  return total <= 0 || busy < 0 ? null : Math.min(1, busy / total)
}

async function readDisk(folder: string): Promise<Disk> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(folder)
  const used = blocks - bfree
  return {
    folder,
    used: used * bsize,
    free: bavail * bsize,
    // What is kept for root counts for nothing: nobody else can use it.
    ratio: used + bavail === 0 ? 0 : used / (used + bavail),
    filesRatio: files === 0 ? null : (files - ffree) / files,
  }
}

/** Our group and those above it: each may set a limit for all below. */
function groupsFrom(root: string, own: string | null): string[] {
  if (own === null) return []
  const parts = own.split('/').filter(part => part !== '')
  return [parts.length, ...parts.keys()].map(count => path.join(root, ...parts.slice(0, count)))
}

async function tightestCpu(groups: readonly string[]): Promise<GroupCpu | null> {
  let tightest: GroupCpu | null = null
  for (const group of groups) {
    const [stat, max] = await Promise.all([inGroup(group, 'cpu.stat'), inGroup(group, 'cpu.max')])
    const limit = quotaOf(max)
    const used = counterOf(stat, 'usage_usec')
    if (limit === null || used === null || (tightest !== null && tightest.limit <= limit)) continue
    tightest = { used: used / 1e6, limit, throttled: (counterOf(stat, 'throttled_usec') ?? 0) / 1e6 }
  }
  return tightest
}

async function tightestMemory(groups: readonly string[]): Promise<HostReading['memory'] | null> {
  let tightest: HostReading['memory'] | null = null
  for (const group of groups) {
    const [max, current, stat] = await Promise.all(
      ['memory.max', 'memory.current', 'memory.stat'].map(name => inGroup(group, name)),
    )
    const total = Number(max)
    if (!max?.trim() || !Number.isFinite(total) || !current) continue
    // Pages of files that nobody has used lately are given back when memory is wanted.
    const used = Math.max(0, Number(current) - (counterOf(stat ?? '', 'inactive_file') ?? 0))
    const ratio = used / total
    if (tightest === null || ratio > tightest.ratio) tightest = { used, total, ratio, of: 'group' }
  }
  return tightest
}

/** Empty: this group says nothing of it. */
const inGroup = (group: string, name: string): Promise<string> =>
  orEmpty(readFile(path.join(group, name), 'utf8'))

/** What this system may not have. */
const orEmpty = (reading: Promise<string>): Promise<string> => reading.catch(() => '')
