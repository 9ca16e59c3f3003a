import { describe, expect, it } from 'vitest'
import { Router } from './routing.ts'

const instances = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ url: `http://127.0.0.1:${4000 + i}`, up: true }))
const keys = Array.from({ length: 3_000 }, (_, i) => `product-${i}`)

describe('routing', () => {
  it('by key: the same one each time, spread over all', () => {
    const all = instances(3)
    const [a, b] = [new Router(all, 'key'), new Router([...all].reverse(), 'key')]
    const counts = new Map<string, number>()
    for (const key of keys) {
      const { url } = a.pick(key)!
      expect(b.pick(key)!.url).toBe(url)
      counts.set(url, (counts.get(url) ?? 0) + 1)
    }
    for (const count of counts.values()) expect(count).toBeGreaterThan(800)
  })

  it('by key: when one goes only its keys move, and they come back', () => {
    const all = instances(3)
    const router = new Router(all, 'key')
    const before = keys.map(key => router.pick(key)!)
    all[1]!.up = false
    const meanwhile = keys.map(key => router.pick(key)!)
    for (const [i, was] of before.entries()) {
      if (was === all[1]) expect(meanwhile[i]).not.toBe(was)
      else expect(meanwhile[i]).toBe(was)
    }
    all[1]!.up = true
    expect(keys.map(key => router.pick(key)!)).toEqual(before)
  })

  it('first: the first that is there', () => {
    const all = instances(3)
    const router = new Router(all, 'first')
    expect(keys.every(key => router.pick(key) === all[0])).toBe(true)
    all[0]!.up = false
    expect(router.pick('a')).toBe(all[1])
  })

  it('turns, and keys of none: each in turn', () => {
    for (const router of [new Router(instances(3), 'turns'), new Router(instances(3), 'key')]) {
      const picked = Array.from({ length: 6 }, () => router.pick(null)!.url)
      expect(new Set(picked).size).toBe(3)
      expect(picked.slice(0, 3)).toEqual(picked.slice(3))
    }
  })

  it('goes elsewhere than to the one that failed, unless it is the only one', () => {
    for (const routing of ['key', 'first', 'turns'] as const) {
      const all = instances(2)
      const router = new Router(all, routing)
      expect(router.pick('a', all[0])).toBe(all[1])
      expect(router.pick('a', all[1])).toBe(all[0])
      all[1]!.up = false
      expect(router.pick('a', all[0])).toBe(all[0])
      all[0]!.up = false
      expect(router.pick('a', all[0])).toBeNull()
      expect(router.pick('a')).toBeNull()
    }
    expect(new Router(instances(0), 'key').pick('a')).toBeNull()
  })
})
