// Time and chance of this process, replaced by those of the world at work. To be imported before anything of the shop:
// named imports of Node's own modules follow, what somebody kept of the old ones would not. While no world is at work all
// is as it was.

import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import type { World } from './world.ts'

/** Runs what promises still have to do, until none has: what Node itself calls between two events. */
const tick = (process as unknown as { _tickCallback?: () => void })._tickCallback
if (tick === undefined) throw new Error('this Node has no _tickCallback: the simulation cannot run here')

export const real = {
  setImmediate: globalThis.setImmediate,
  now: performance.now.bind(performance),
  drain: () => tick.call(process),
} as const

let world: World | null = null
let stray: unknown = null
process.on('unhandledRejection', error => {
  stray ??= error
})

/** From now on time and chance are those of this world; null: of this process. */
export function heard(by: World | null): void {
  world = by
}

/** A promise that was rejected and nobody heard of; null: there was none since the last look. */
export function rejected(): unknown {
  const found = stray
  stray = null
  return found
}

/** What `setTimeout` and the others return. */
class Handle {
  cancel: () => void
  constructor(cancel: () => void) {
    this.cancel = cancel
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return false
  }
}

type Callback = (...args: unknown[]) => void

/** As Node does it: whole milliseconds, at least one. */
const wait = (ms: unknown): number => Math.max(1, Math.floor(Number(ms ?? 1)) || 1)

function later(to: World, ms: number, callback: Callback, args: unknown[]): Handle {
  const event = to.after(ms, to.current, () => callback(...args))
  return new Handle(() => {
    event.cancelled = true
  })
}

function repeated(to: World, ms: number, callback: Callback, args: unknown[]): Handle {
  const owner = to.current
  const handle = new Handle(() => undefined)
  const plan = (): void => {
    const event = to.after(ms, owner, () => {
      plan()
      callback(...args)
    })
    handle.cancel = () => {
      event.cancelled = true
    }
  }
  plan()
  return handle
}

function timersOf(was: typeof timers) {
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = was
  const clear =
    <T>(before: (handle: T) => void) =>
    (handle: unknown): void => {
      if (handle instanceof Handle) handle.cancel()
      else before(handle as T)
    }
  return {
    setTimeout: (callback: Callback, ms?: number, ...args: unknown[]) =>
      world === null ? setTimeout(callback, ms, ...args) : later(world, wait(ms), callback, args),
    setInterval: (callback: Callback, ms?: number, ...args: unknown[]) =>
      world === null ? setInterval(callback, ms, ...args) : repeated(world, wait(ms), callback, args),
    setImmediate: (callback: Callback, ...args: unknown[]) =>
      world === null ? setImmediate(callback, ...args) : later(world, 0, callback, args),
    clearTimeout: clear<NodeJS.Timeout>(clearTimeout),
    clearInterval: clear<NodeJS.Timeout>(clearInterval),
    clearImmediate: clear<NodeJS.Immediate>(clearImmediate),
  }
}

const virtual = timersOf({ ...timers })
Object.assign(globalThis, virtual)
Object.assign(timers, virtual)

const dateNow = Date.now
const mathRandom = Math.random
Date.now = () => (world === null ? dateNow() : Math.floor(world.now))
Math.random = () => (world === null ? mathRandom() : world.shopRandom.next())
performance.now = () => (world === null ? real.now() : world.now - world.began)

const { randomFillSync, randomBytes, randomUUID, randomInt } = crypto
type Bytes = NodeJS.ArrayBufferView

const bytesOf = (view: Bytes): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

Object.assign(crypto, {
  randomFillSync(view: Bytes, ...rest: number[]) {
    if (world === null) return randomFillSync(view, ...rest)
    world.shopRandom.fill(bytesOf(view))
    return view
  },
  randomBytes(size: number) {
    if (world === null) return randomBytes(size)
    const bytes = Buffer.alloc(size)
    world.shopRandom.fill(bytes)
    return bytes
  },
  randomUUID() {
    if (world === null) return randomUUID()
    const bytes = Buffer.alloc(16)
    world.shopRandom.fill(bytes)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  },
  randomInt(from: number, to?: number) {
    if (world === null) return to === undefined ? randomInt(from) : randomInt(from, to)
    return to === undefined ? world.shopRandom.below(from) : from + world.shopRandom.below(to - from)
  },
})
syncBuiltinESMExports()
