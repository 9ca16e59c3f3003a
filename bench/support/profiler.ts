// Where a process spends its time: V8's own profiler, asked over the inspector of a Node started with `--inspect`.

import path from 'node:path'

/** Node's options for a process that is to be profiled: any free port, this machine only. */
export const INSPECTED = '--inspect=127.0.0.1:0'
/** Between two samples, µs: fine enough for a load of seconds, coarse enough to cost a few percent only. */
const SAMPLING_US = 500
/** Functions told. */
const TOP = 40

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}
export interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: CallFrame
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Profiles the process whose output so far is `log` while `work` goes on. */
export async function profiled<T>(
  log: readonly string[],
  work: () => Promise<T>,
): Promise<{ result: T; profile: Profile }> {
  const url = /ws:\/\/\S+/.exec(log.join('\n'))?.[0]
  if (url === undefined) throw new Error('the process to be profiled does not listen to an inspector')
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  const waiting = new Map<number, (result: { profile?: Profile }) => void>()
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result: { profile?: Profile } }
    if (id !== undefined) waiting.get(id)?.(result)
  }
  let id = 0
  const ask = (method: string, params = {}): Promise<{ profile?: Profile }> => {
    socket.send(JSON.stringify({ id: ++id, method, params }))
    return new Promise(resolve => waiting.set(id, resolve))
  }
  await ask('Profiler.enable')
  await ask('Profiler.setSamplingInterval', { interval: SAMPLING_US })
  await ask('Profiler.start')
  const result = await work()
  const { profile } = await ask('Profiler.stop')
  socket.close()
  return { result, profile: profile! }
}

/** Lines with the greatest shares: of functions and files by themselves, and of our files with what they call. */
export function topTimes(profile: Profile): string[] {
  const nodes = new Map(profile.nodes.map(node => [node.id, node]))
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map(child => [child, id])),
  )
  const functions = new Map<string, number>()
  const files = new Map<string, number>()
  const whole = new Map<string, number>()
  const add = (times: Map<string, number>, name: string, time: number) =>
    times.set(name, (times.get(name) ?? 0) + time)
  let total = 0
  for (const [i, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[i] ?? 0
    const { functionName, url, lineNumber } = nodes.get(id)!.callFrame
    const file = fileOf(url)
    add(functions, `${functionName || '(anonymous)'} ${file === '' ? '' : `${file}:${lineNumber + 1}`}`, time)
    add(files, file || functionName, time)
    const onStack = new Set<string>()
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at))
      onStack.add(fileOf(nodes.get(at)!.callFrame.url))
    for (const each of onStack) if (each !== '') add(whole, each, time)
    total += time
  }
  return [
    'by file, with what it calls',
    ...greatest(whole, total, TOP),
    'by file',
    ...greatest(files, total, TOP / 2),
    'by function',
    ...greatest(functions, total, TOP),
  ]
}

function greatest(times: ReadonlyMap<string, number>, total: number, count: number): string[] {
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => `${((time / total) * 100).toFixed(1).padStart(5)} %  ${name}`)
}

/** Below the repository's root, or Node's own; empty for V8's own work (`(garbage collector)`, `(idle)`). */
function fileOf(url: string): string {
  const root = path.resolve(import.meta.dirname, '../..')
  return url.replace('file://', '').replace(`${root}/`, '')
}
