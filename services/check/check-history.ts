// All rules over one history. A rule that lacks the facts it needs has proven nothing: that is a violation too.

import { availability } from './availability.ts'
import { coupons } from './coupons.ts'
import { events } from './events.ts'
import { freshness } from './freshness.ts'
import type { History } from './history.ts'
import { orders } from './orders.ts'
import { payments } from './payments.ts'
import { points } from './points.ts'
import { type Finding, NoFacts, type Rule, type RuleResult } from './rule.ts'
import { stock } from './stock.ts'

/** A new rule is one line here. */
export const rules: readonly Rule[] = [
  ...[coupons, stock, orders, payments, points, events, availability, freshness],
]

export function checkHistory(history: History): RuleResult[] {
  return rules.map(rule => ({ name: rule.name, proves: rule.proves, ...findingOf(rule, history) }))
}

function findingOf(rule: Rule, history: History): Finding {
  try {
    return rule.check(history)
  } catch (error) {
    if (!(error instanceof NoFacts)) throw error
    return { checked: 0, violations: [error.message] }
  }
}
