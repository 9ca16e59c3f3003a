// Who holds a session token or a channel's key: what gateways ask the account service beside its contract, and what it
// tells them: that sessions or rights of somebody ended.

import type { Principal } from '../platform/contract/call.ts'
import { systemCall } from '../platform/contract/call.ts'
import { ok } from '../platform/contract/result.ts'
import type { Clock } from '../platform/module.ts'
import { ServiceUnavailable } from '../platform/rpc/failures.ts'
import { remoteOperation } from '../platform/rpc/remote-door.ts'
import type { ServedDoor } from '../platform/rpc/serve-doors.ts'
import type { ServiceClient } from '../platform/rpc/service-client.ts'
import type { Identifying } from './compose.ts'

export const IDENTITY = 'identity'
export const GATEWAY = 'gateway'

export function identityDoor(account: Identifying): ServedDoor {
  return {
    identify: async (_call, { token }: { token: string }) => ok(await account.identify(token)),
    identifyChannel: async (_call, { key }: { key: string }) => ok(await account.identifyChannel(key)),
  }
}

/** @throws ServiceUnavailable where nobody can be asked: a session that is not known is not one that has ended */
export function remoteIdentity(account: ServiceClient, clock: Clock): Identifying {
  const byToken = remoteOperation(account, IDENTITY, 'identify')
  const byKey = remoteOperation(account, IDENTITY, 'identifyChannel')
  const asked = async (asking: ReturnType<typeof byToken>): Promise<Principal | null> => {
    const answer = await asking
    if (!answer.ok) throw new ServiceUnavailable(`identities cannot be asked for: ${answer.refusal.code}`)
    return answer.value as Principal | null
  }
  return {
    identify: token => asked(byToken(systemCall('identify', clock()), { token })),
    identifyChannel: key => asked(byKey(systemCall('identify', clock()), { key })),
  }
}

/** What a gateway does when it is told. */
export function gatewayDoor(forget: (principalId: string) => void): ServedDoor {
  return {
    forget: async (_call, { principalId }: { principalId: string }) => {
      forget(principalId)
      return ok(null)
    },
  }
}

/** Longest that an answer waits for the gateways to know, ms; one that did not hear believes for seconds at most. */
const TOLD_WITHIN_MS = 250

/** Tells all gateways, and says what has to be waited for before anybody hears that it is done. */
export class Forgetting {
  private readonly tell: ReadonlyArray<ReturnType<typeof remoteOperation>>
  private readonly clock: Clock
  private readonly telling = new Set<Promise<void>>()

  constructor(gateways: readonly ServiceClient[], clock: Clock) {
    this.tell = gateways.map(gateway => remoteOperation(gateway, GATEWAY, 'forget'))
    this.clock = clock
  }

  forget(principalId: string): void {
    const call = { ...systemCall('forget', this.clock()), deadline: this.clock() + TOLD_WITHIN_MS }
    const told = Promise.allSettled(this.tell.map(tell => tell(call, { principalId }))).then(() => {
      this.telling.delete(told)
    })
    this.telling.add(told)
  }

  /** Null: nothing. */
  hold(): Promise<void> | null {
    if (this.telling.size === 0) return null
    return Promise.all(this.telling).then(() => undefined)
  }
}
