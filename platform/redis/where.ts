// Where to connect to: asked anew for each attempt, since the primary may be another one by then.

import { type RedisAddress, urlOf } from './address.ts'

export interface Where {
  readonly address: RedisAddress
  /**
   * URLs of who may be the primary, likeliest first, each looked up when the one before did not take us. Each step of it ends within a
   * bound.
   * @throws where nobody could be named
   */
  candidates(): AsyncIterable<string>
}

export function atServer(address: RedisAddress): Where {
  return {
    address,
    async *candidates() {
      yield urlOf(address, address.nodes[0]!, address.path)
    },
  }
}
