// People, messages and tellings for the tests of alerting.

import type { Telling } from '../../operator/alerting/channels/channel.ts'
import type { Contact, ContactBook, Role } from '../../operator/alerting/contacts.ts'
import type { Message } from '../../operator/alerting/message.ts'

/** Monday 2026-11-23, 10:15 in London, 19:15 in Seoul. */
export const MONDAY = Date.UTC(2026, 10, 23, 10, 15)

export function messageOf(fields: Partial<Message> = {}): Message {
  return {
    key: 'redis:down',
    id: 'm-1',
    kind: 'opened',
    level: 'critical',
    area: 'infrastructure',
    title: { ko: 'Redis가 응답하지 않습니다', en: 'Redis does not answer' },
    text: {
      ko: '판매는 데이터베이스로 계속되고 있습니다.',
      en: 'Sales go on through the database.',
    },
    facts: [{ label: { ko: '대상', en: 'Engine' }, value: { ko: 'redis-1', en: 'redis-1' } }],
    links: [
      {
        action: 'view',
        label: { ko: '자세히 보기', en: 'View' },
        url: 'https://operator.example.com/incidents/7?a=1&b=2',
      },
    ],
    at: MONDAY,
    ...fields,
  }
}

export const tellingOf = (fields: Partial<Telling> = {}): Telling => ({
  ...messageOf(fields),
  again: false,
  mentions: [],
  ...fields,
})

export function contactOf(id: string, roles: readonly Role[], fields: Partial<Contact> = {}): Contact {
  return {
    id,
    name: id,
    roles,
    language: 'ko',
    order: 1,
    hours: null,
    phone: '010-1234-5678',
    dial: '+821012345678',
    email: `${id}@example.com`,
    slack: `U0${id.toUpperCase().replace(/[^A-Z0-9]/g, '')}`,
    automatic: true,
    ...fields,
  }
}

export const ADMIN = contactOf('admin', ['system-administrator'])
export const DBA = contactOf('dba', ['database-administrator'], { dial: '+821023456789' })
export const LEAD = contactOf('lead', ['development-lead'], { dial: '+821034567890', language: 'en' })
export const MANAGER = contactOf('manager', ['operations-manager'], { dial: '+821045678901' })
export const CLOUD = contactOf('cloud', ['cloud-supplier'], {
  phone: '1588-0000',
  dial: '+8215880000',
  email: null,
  slack: null,
  automatic: false,
})

export const BOOK: ContactBook = {
  timeZone: 'Asia/Seoul',
  language: 'ko',
  contacts: [ADMIN, DBA, LEAD, MANAGER, CLOUD],
  emergencyTeam: ['admin', 'dba', 'lead', 'manager'],
}
