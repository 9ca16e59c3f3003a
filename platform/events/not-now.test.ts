import { expect, it } from 'vitest'
import { refuse } from '../contract/result.ts'
import { isAway } from '../sql/errors.ts'
import { refusedEvent } from './not-now.ts'

it('what says "not now" says nothing of the event, and what says "no" does', () => {
  for (const code of [
    'ledger_unavailable',
    'read_only',
    'lock_timeout',
    'overloaded',
    'outcome_unknown',
  ] as const)
    expect(isAway(refusedEvent('not done', refuse(code, 'x').refusal))).toBe(true)
  for (const code of ['order_state', 'not_found', 'insufficient_points'] as const)
    expect(isAway(refusedEvent('not done', refuse(code, 'x').refusal))).toBe(false)
})
