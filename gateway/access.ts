// Who may call what, as one AND of two numbers.

import type { Principal } from '../platform/contract/call.ts'
import type { Access } from '../platform/contract/operation.ts'

const bits: Readonly<Record<Access, number>> = {
  public: 1,
  guest: 2,
  customer: 4,
  channel: 8,
  operator: 16,
  administrator: 32,
}

/** The bits of an operation: any one of them lets in. */
export function accessMask(access: readonly Access[]): number {
  return access.reduce((mask, one) => mask | bits[one], 0)
}

/** The bits of a principal. Whoever is somebody is at least what a guest is. */
export function principalMask(principal: Principal): number {
  if (principal.kind === 'anonymous') return bits.public
  return principal.roles.reduce((mask, role) => mask | bits[role], bits.public | bits.guest)
}
