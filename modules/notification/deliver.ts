// The queue on its way out: a bounded number a second, each mail tried until it is gone or given up.

import { MailRefused } from '../../platform/mail/mail-port.ts'
import type { Sweep } from '../../platform/module.ts'
import type { NotificationContext } from './deps.ts'
import { type Attempt, afterAttempt, RateBudget } from './mail-rules.ts'
import { noteOutcomes, takeDueMails } from './store.ts'
import type { MailRow } from './tables.ts'
import { render } from './templates.ts'

/** Mails in one run, and sent side by side. A port takes at most 20 s for one: 100 s in the worst case, */
const BATCH = 20
const SIDE_BY_SIDE = 4
/** so nobody else takes them before two minutes, ms. Dying in between sends a mail twice, with one Message-ID. */
const LEASE_MS = 120_000
/** Longest cause that is kept, characters. */
const CAUSE_MOST = 200

export function deliverySweep(context: NotificationContext): Sweep {
  const budget = new RateBudget(context.settings.ratePerSecond)
  return {
    name: 'notification.delivery',
    every: 1_000,
    bound: BATCH,
    wake: context.urgent,
    async run(now) {
      const allowed = budget.take(BATCH, now)
      if (allowed === 0) return 0
      const mails = await takeDueMails(context.ledger, now, allowed, now + LEASE_MS)
      budget.giveBack(allowed - mails.length)
      if (mails.length > 0) await deliver(context, mails)
      return mails.length
    },
  }
}

async function deliver(context: NotificationContext, mails: readonly MailRow[]): Promise<void> {
  const attempts: Attempt[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let mail = mails[next++]; mail !== undefined; mail = mails[next++])
      attempts.push({ mail, failure: await trySend(context, mail) })
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
  const now = context.clock()
  const outcomes = attempts.map(attempt => {
    const { mail_id, attempts: count } = attempt.mail
    return { mail_id, attempts: count, ...afterAttempt(attempt, now, Math.random()) }
  })
  await noteOutcomes(context.ledger, outcomes)
  for (const { mail_id, state, cause } of outcomes)
    if (state === 'failed') context.log.error({ mailId: mail_id, cause }, 'a mail was given up')
}

/** Null: it is gone. */
async function trySend(context: NotificationContext, mail: MailRow): Promise<Attempt['failure']> {
  let text: { subject: string; text: string }
  try {
    text = render(mail.template, mail.data, context.orderLink)
  } catch (error) {
    // A text that cannot be written today cannot be written in an hour.
    context.log.error({ mailId: mail.mail_id, err: error }, 'a mail cannot be written')
    return { cause: 'cannot be written', final: true }
  }
  try {
    await context.mail.send({ id: mail.mail_id, to: mail.recipient, date: mail.created_at, ...text })
    return null
  } catch (error) {
    const said = (error as Error).message.replace(/\p{Cc}+/gu, ' ')
    const cause = [...said].slice(0, CAUSE_MOST).join('')
    context.log.warn({ mailId: mail.mail_id, attempt: mail.attempts, cause }, 'a mail was not sent')
    return { cause, final: error instanceof MailRefused }
  }
}
