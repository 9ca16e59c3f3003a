// The account module: members, their sessions and roles, and the sales channels that speak for them.

import type { Principal } from '../../platform/contract/call.ts'
import { askBy } from '../../platform/ladders/standing.ts'
import type { Module } from '../../platform/module.ts'
import type { Rungs } from '../../resilience/ladders.ts'
import { auditTrail } from './audit-trail.ts'
import { bootstrapAdministrator } from './bootstrap-administrator.ts'
import { changePassword } from './change-password.ts'
import { issueChannelKey, revokeChannelKey } from './channel-keys.ts'
import { createChannel, listChannels } from './channels.ts'
import { confirmEmail } from './confirm-email.ts'
import type { accountContract } from './contract.ts'
import type { AccountContext, AccountDeps } from './deps.ts'
import { exchangeToken } from './exchange-token.ts'
import { identify, identifyChannel } from './identify.ts'
import { importMembers } from './import-members.ts'
import { Letters } from './letters.ts'
import { listMembers } from './list-members.ts'
import { me } from './me.ts'
import { listSessions, revokeAllSessions, revokeSession, signOut } from './own-sessions.ts'
import { register } from './register.ts'
import { requestLetter } from './request-letter.ts'
import { resetPassword } from './reset-password.ts'
import { retentionSweep } from './retention.ts'
import { grantRole, revokeRole } from './roles.ts'
import { redisRung } from './rung-redis.ts'
import { sqlRung } from './rung-sql.ts'
import { SessionReads, type SessionRung } from './session-reads.ts'
import { shadowSessions } from './shadow-sessions.ts'
import { signIn } from './sign-in.ts'

export { accountSchema } from './tables.ts'

/** The module and, beside it, what the gateway asks. */
export interface Account {
  readonly module: Module<typeof accountContract>
  /** Who holds this session token; null: nobody any more. */
  identify(token: string): Promise<Principal | null>
  /** Which channel this key is of; null: none any more. */
  identifyChannel(key: string): Promise<Principal | null>
}

export function createAccount(deps: AccountDeps): Account {
  const letters = new Letters(deps)
  const { ledger, clock, redis } = deps
  const sql = sqlRung({ ledger, clock })
  const prefix = deps.prefixes.redisPrefix
  const forgetHere = (principalId: string) => deps.forget(principalId)
  const shared = redis && redisRung({ redis, prefix, clock, load: sql.load, forget: forgetHere })
  const rungs: Rungs<'session.read', SessionRung> = { redis: shared, sql }
  const standing = deps.ladders.of('session.read')
  const shadow = shared && shadowSessions({ ...deps, standing }, shared, sql)
  const context: AccountContext = {
    ...deps,
    letters,
    sessions: new SessionReads({
      async load(hashes) {
        const found = await askBy(standing, rungs, rung => rung.load(hashes))
        shadow?.look(hashes[0]!)
        return found
      },
    }),
    async forget(principalId) {
      deps.forget(principalId)
      // Whatever this process reads: others may read from Redis.
      await shared?.ended(principalId)
    },
  }
  return {
    module: {
      door: {
        register: (call, input) => register(context, call, input),
        requestConfirmation: (call, input) => requestLetter(context, call, 'confirm', input),
        confirmEmail: (_call, input) => confirmEmail(context, input),
        signIn: (call, input) => signIn(context, call, input),
        requestPasswordReset: (call, input) => requestLetter(context, call, 'reset', input),
        resetPassword: (call, input) => resetPassword(context, call, input),
        me: call => me(context, call),
        changePassword: (call, input) => changePassword(context, call, input),
        signOut: call => signOut(context, call),
        listSessions: call => listSessions(context, call),
        revokeSession: (call, input) => revokeSession(context, call, input),
        revokeAllSessions: call => revokeAllSessions(context, call),
        listMembers: (_call, input) => listMembers(context, input),
        grantRole: (call, input) => grantRole(context, call, input),
        revokeRole: (call, input) => revokeRole(context, call, input),
        auditTrail: (_call, input) => auditTrail(context, input),
        createChannel: (call, input) => createChannel(context, call, input),
        listChannels: (_call, input) => listChannels(context, input),
        issueChannelKey: (call, input) => issueChannelKey(context, call, input),
        revokeChannelKey: (call, input) => revokeChannelKey(context, call, input),
        exchangeToken: (call, input) => exchangeToken(context, call, input),
        importMembers: (_call, input) => importMembers(context, input),
        bootstrapAdministrator: (call, input) => bootstrapAdministrator(context, call, input),
      },
      consumers: [],
      sweeps: [letters.sweep(), retentionSweep(context)],
      caches: shared?.counts ?? [],
      shadows: shadow === null ? [] : [{ ladder: 'session.read', counts: shadow.counts }],
      async drain() {
        shadow?.close()
        await letters.drained()
      },
    },
    identify: token => identify(context, token),
    identifyChannel: key => identifyChannel(context, key),
  }
}
