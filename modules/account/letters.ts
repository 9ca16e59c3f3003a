// Mails that were promised in a transaction and are handed over after it: at once where all goes well, else by
// the sweep. A letter is queued under its own id, so handing it over twice sends one mail.

import { systemCall } from '../../platform/contract/call.ts'
import { newId } from '../../platform/ids.ts'
import type { Sweep } from '../../platform/module.ts'
import type { Tx } from '../../platform/sql/ledger.ts'
import type { AccountDeps } from './deps.ts'
import { DAY, LETTER_LEASE, MINUTE, type Purpose, TOKEN_LIFE } from './limits.ts'
import { readMember } from './member-store.ts'
import { newSecret, secretHash } from './secrets.ts'
import type { AccountTables, LetterRow } from './tables.ts'
import { endLetter, insertLetter, insertToken, takeDueLetters } from './token-store.ts'

/** Letters in one run of the sweep, and how long it has for them, ms. */
const BOUND = 50
const SWEEP_LEASE = 2 * MINUTE

export class Letters {
  private readonly deps: AccountDeps
  private readonly running = new Set<Promise<void>>()

  constructor(deps: AccountDeps) {
    this.deps = deps
  }

  /** Promises a mail, in the transaction that makes it due. Call `handOver` after the commit. */
  async promise(tx: Tx<AccountTables>, memberId: string, purpose: Purpose, now: number): Promise<LetterRow> {
    const next_at = now + LETTER_LEASE
    const letter = { letter_id: `l_${newId()}`, member_id: memberId, purpose, next_at, created_at: now }
    await insertLetter(tx, letter)
    return letter
  }

  /** In the background, and not before the caller has its answer: how long it takes tells nobody anything. */
  handOver(letter: LetterRow): void {
    const running = new Promise<void>(resolve => setImmediate(resolve))
      .then(() => this.tryToSend(letter))
      .finally(() => this.running.delete(running))
    this.running.add(running)
  }

  async drained(): Promise<void> {
    await Promise.all(this.running)
  }

  sweep(): Sweep {
    return {
      name: 'account.letters',
      every: 10_000,
      bound: BOUND,
      run: async now => {
        const letters = await takeDueLetters(this.deps.ledger, now, BOUND, now + SWEEP_LEASE)
        for (const letter of letters) await this.tryToSend(letter)
        return letters.length
      },
    }
  }

  private async tryToSend(letter: LetterRow): Promise<void> {
    try {
      await this.send(letter)
    } catch (error) {
      // It stays in the ledger and is due again when its lease is over.
      this.deps.log.warn({ letter: letter.letter_id, err: error }, 'a letter waits')
    }
  }

  /** Each try makes a token of its own; those of tries that came to nothing end unused. */
  private async send(letter: LetterRow): Promise<void> {
    const { ledger, clock, notification, link } = this.deps
    const now = clock()
    const member = await readMember(ledger, 'member_id', letter.member_id)
    // What could not be handed over for a day is asked for again, or not wanted any more.
    if (member?.email && now < letter.created_at + DAY) {
      const purpose = letter.purpose as Purpose
      const token = newSecret()
      await insertToken(ledger, {
        token_hash: secretHash(token),
        member_id: member.member_id,
        purpose,
        expires_at: now + TOKEN_LIFE[purpose],
      })
      const queued = await notification.queueMail(systemCall(letter.letter_id, now), {
        mailId: letter.letter_id,
        to: member.email,
        template: purpose,
        data: { name: member.name, link: link(purpose, token), token },
      })
      if (!queued.ok) throw new Error(`the mail was not queued: ${queued.refusal.code}`)
    }
    await endLetter(ledger, letter.letter_id)
  }
}
