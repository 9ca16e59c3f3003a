// Many tellings as one, when a storm would drown each of them.

import { hash } from 'node:crypto'
import { LEVELS } from '../level.ts'
import type { Language, Texts } from '../texts.ts'
import type { Delivery } from './delivery-store.ts'
import type { Kind, Message } from './message.ts'
import { headline } from './words.ts'

/** Lines of a digest: a screen. The rest is a number, and stands in the incidents. */
const LINES_MOST = 20

export const DIGEST_KEY = 'digest:'
export const isDigestKey = (key: string): boolean => key.startsWith(DIGEST_KEY)
export const isDigest = ({ incident }: Delivery): boolean => isDigestKey(incident)

export interface Joined {
  readonly delivery: Delivery
  readonly message: Message
}

/** The worst first. At least two. `now`: epoch ms. */
export function digestOf(joined: readonly Joined[], now: number): Message {
  const worstFirst = [...joined].sort(
    (a, b) => b.delivery.level - a.delivery.level || a.delivery.seq - b.delivery.seq,
  )
  const first = worstFirst[0]!
  const id = `${DIGEST_KEY}${hash('sha256', joined.map(({ delivery }) => delivery.seq).join(' '), 'hex').slice(0, 32)}`
  const lines = (language: Language): string => {
    const shown = worstFirst.slice(0, LINES_MOST).map(({ delivery, message }) => {
      const again = delivery.unsure === 1 ? AGAIN_MARK[language] : ''
      return `• ${headline(message, language)}${again}`
    })
    const left = joined.length - shown.length
    return [...shown, ...(left > 0 ? [MORE[language](left)] : [])].join('\n')
  }
  const links = new Map(
    worstFirst
      .flatMap(({ message }) => message.links.filter(({ action }) => action === 'view'))
      .map(link => [link.url, link]),
  )
  return {
    key: id,
    id,
    kind: kindOf(joined),
    level: LEVELS[first.delivery.level] ?? 'warning',
    area: first.message.area,
    title: TITLE(joined.length),
    text: { ko: lines('ko'), en: lines('en') },
    facts: [],
    links: [...links.values()],
    at: now,
  }
}

const NEWS: readonly Kind[] = ['opened', 'escalated', 'reminder']

/** What it is good for: a telephone carries news and endings only. */
function kindOf(joined: readonly Joined[]): Kind {
  if (joined.some(({ message }) => NEWS.includes(message.kind))) return 'opened'
  return joined.every(({ message }) => message.kind === 'resolved') ? 'resolved' : 'updated'
}

const TITLE = (count: number): Texts => ({
  ko: `알림 ${count}건을 한 번에 보내 드립니다`,
  en: `${count} alerts in one message`,
})
const AGAIN_MARK: Texts = { ko: ' (재전송)', en: ' (sent again)' }
const MORE: Readonly<Record<Language, (left: number) => string>> = {
  ko: left => `외 ${left}건`,
  en: left => `and ${left} more`,
}
