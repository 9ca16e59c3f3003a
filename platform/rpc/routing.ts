// Which instance of a service is asked. Decision 017 says why by key.

/**
 * - `key`: calls about one thing go to one instance (rendezvous hashing), as long as it is there
 * - `first`: all calls go to the first that is there
 * - `turns`: each call to the next one
 */
export type Routing = 'key' | 'first' | 'turns'

/** What a call is about, as far as its instance should be one and the same; null: any will do. */
export type RouteKey = (operation: string, input: unknown) => string | null

export interface Routed {
  readonly url: string
  readonly up: boolean
}

export class Router<I extends Routed> {
  private readonly instances: readonly I[]
  private readonly routing: Routing
  private readonly seeds: readonly number[]
  private turn = 0

  constructor(instances: readonly I[], routing: Routing) {
    this.instances = instances
    this.routing = routing
    this.seeds = instances.map(({ url }) => hashOf(url, OFFSET))
  }

  /** Null: none is there. `except` is only taken where no other is. */
  pick(key: string | null, except: I | null = null): I | null {
    const { instances } = this
    if (instances.length === 1) return instances[0]!.up ? instances[0]! : null
    const found =
      this.routing === 'first'
        ? instances.find(each => each.up && each !== except)
        : this.routing === 'key' && key !== null
          ? this.byKey(key, except)
          : this.next(except)
    return found ?? (except?.up ? except : null)
  }

  /** The highest score wins: when one instance goes, only its keys move. */
  private byKey(key: string, except: I | null): I | undefined {
    let best: I | undefined
    let most = -1
    for (let i = 0; i < this.instances.length; i++) {
      const instance = this.instances[i]!
      if (!instance.up || instance === except) continue
      const score = spread(hashOf(key, this.seeds[i]!))
      if (score > most) {
        best = instance
        most = score
      }
    }
    return best
  }

  private next(except: I | null): I | undefined {
    const { instances } = this
    for (let i = 0; i < instances.length; i++) {
      this.turn = (this.turn + 1) % instances.length
      const instance = instances[this.turn]!
      if (instance.up && instance !== except) return instance
    }
    return undefined
  }
}

/** FNV-1a. */
const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

function hashOf(text: string, seed: number): number {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME)
  return hash
}

/** FNV's last characters move few bits; this moves all (the end of MurmurHash3). */
function spread(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
