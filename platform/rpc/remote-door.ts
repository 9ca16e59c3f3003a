// The door of a module in another process. A sibling cannot tell it from a direct call.

import type { Call } from '../contract/call.ts'
import type { Contract, Door } from '../contract/operation.ts'
import type { Result, Success } from '../contract/result.ts'
import { frameHead } from './frames.ts'
import { isTold, type ServiceClient, type Told } from './service-client.ts'

/** Calls one operation of one door. */
export type RemoteOperation = (call: Call, input: unknown) => Promise<Result<unknown>>

export function remoteOperation(service: ServiceClient, door: string, operation: string): RemoteOperation {
  const head = frameHead(door, operation)
  const name = `${door}.${operation}`
  return async (call, input) => {
    const answer = await service.ask(head, name, call, input)
    return isTold(answer) ? { ok: true, value: JSON.parse(answer.json), ...answer.more } : answer
  }
}

export function remoteDoor<C extends Contract>(contract: C, door: string, service: ServiceClient): Door<C> {
  return doorOf(contract, operation => remoteOperation(service, door, operation)) as Door<C>
}

/** The same for whoever passes answers on as they are: `value` is read from its text only where somebody looks. */
export function passingDoor<C extends Contract>(contract: C, door: string, service: ServiceClient): Door<C> {
  return doorOf(contract, operation => {
    const head = frameHead(door, operation)
    const name = `${door}.${operation}`
    return async (call: Call, input: unknown) => {
      const answer = await service.ask(head, name, call, input)
      return isTold(answer) ? new TextSuccess(answer) : answer
    }
  }) as Door<C>
}

function doorOf(contract: Contract, make: (operation: string) => RemoteOperation): object {
  return Object.fromEntries(Object.keys(contract).map(operation => [operation, make(operation)]))
}

class TextSuccess implements Success<unknown> {
  readonly ok = true
  readonly json: string
  private parsed: unknown
  private read = false

  constructor({ json, more }: Told) {
    this.json = json
    if (more !== null) Object.assign(this, more)
  }

  get value(): unknown {
    if (!this.read) {
      this.read = true
      this.parsed = JSON.parse(this.json)
    }
    return this.parsed
  }
}
