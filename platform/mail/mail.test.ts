import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type MailPort, MailRefused, type OutgoingMail } from './mail-port.ts'
import { openMail } from './open-mail.ts'
import { openSmtpMail } from './smtp-mail.ts'

const FROM = 'Levee <shop@example.org>'
const mail = (fields: Partial<OutgoingMail> = {}): OutgoingMail => ({
  id: 'order-1:2',
  to: 'kim@example.com',
  subject: 'Thank you / 감사합니다',
  text: 'Hello.\n안녕하세요.\n',
  date: Date.UTC(2026, 10, 23, 10, 15),
  ...fields,
})

const INJECTIONS = [
  'a@b.c, d@e.f',
  'a@b.c;d@e.f',
  '<a@b.c> d@e.f',
  'a@b.c\r\nBcc: d@e.f',
  'group:a@b.c',
  '"a"@b.c',
  'a@b@c',
  'a(comment)@b.c',
  'no-address',
  '',
  `${'a'.repeat(250)}@b.cd`,
]

describe('a folder', () => {
  let folder: string
  let port: MailPort
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'levee-mail-'))
    port = await openMail({ transport: 'folder', dataFolder: folder, smtpUrl: '', from: FROM })
  })
  afterEach(async () => {
    await port.close()
    rmSync(folder, { recursive: true })
  })
  const files = () => readdirSync(path.join(folder, 'mail'))
  const read = (name: string) => readFileSync(path.join(folder, 'mail', name), 'utf8')

  test('holds one file a mail, for its owner only; the same mail again changes nothing', async () => {
    await port.send(mail())
    await port.send(mail())
    expect(files()).toEqual(['20261123T101500000Z-order-1_2.eml'])
    const [name = ''] = files()
    expect(statSync(path.join(folder, 'mail', name)).mode & 0o777).toBe(0o600)
    expect(statSync(path.join(folder, 'mail')).mode & 0o777).toBe(0o700)
    const text = read(name)
    expect(text).toMatch(/^From: Levee <shop@example.org>$/m)
    expect(text).toMatch(/^To: kim@example.com$/m)
    expect(text).toMatch(/^Content-Transfer-Encoding: quoted-printable$/m)
    expect(text).toMatch(/^Auto-Submitted: auto-generated$/m)
    expect(text).toMatch(/^Message-ID: <[\w-]{22}@levee>$/m)
  })

  test('takes any id as a name', async () => {
    await port.send(mail({ id: '../../etc/passwd\0' }))
    expect(files()).toEqual(['20261123T101500000Z-______etc_passwd_.eml'])
  })

  test.each(INJECTIONS)('refuses what is not one plain address: %j', async to => {
    await expect(port.send(mail({ to }))).rejects.toThrow(MailRefused)
    expect(files()).toEqual([])
  })

  test.each(['two\r\nBcc: d@e.f', 'two\nlines', 'nul\0', 'x'.repeat(999)])(
    'refuses a subject that is not one line: %j',
    async subject => {
      await expect(port.send(mail({ subject }))).rejects.toThrow(MailRefused)
    },
  )

  test('takes addresses in other scripts', async () => {
    await port.send(mail({ to: '김@한국.kr' }))
    expect(read(files()[0]!)).toMatch(/^To: 김@한국.kr$/m)
  })

  test('text that looks like headers or templates stays text', async () => {
    await port.send(mail({ text: 'a\r\n.\r\nBcc: d@e.f\r\n' }))
    const [head, body] = read(files()[0]!).split('\r\n\r\n')
    expect(head).not.toMatch(/^Bcc/im)
    expect(body).toContain('Bcc: d@e.f')
  })
})

test('none sends nothing, and refuses the same', async () => {
  const port = await openMail({ transport: 'none', dataFolder: '/nowhere', smtpUrl: '', from: FROM })
  await port.send(mail())
  await expect(port.send(mail({ to: 'a, b@c' }))).rejects.toThrow(MailRefused)
  await port.close()
})

test('smtp without a server is refused at once', async () => {
  await expect(openMail({ transport: 'smtp', dataFolder: '', smtpUrl: '', from: FROM })).rejects.toThrow(
    'mail.smtpUrl',
  )
})

describe('an SMTP server', () => {
  let server: Server
  let received: string[]
  const sockets = new Set<Socket>()
  let port: MailPort

  /** A server that answers each command by its first word; null: never. */
  async function serve(answers: Readonly<Record<string, string>>, greeting: string | null = '220 hi') {
    received = []
    server = createServer(socket => {
      sockets.add(socket)
      socket.on('error', () => sockets.delete(socket))
      if (greeting !== null) socket.write(`${greeting}\r\n`)
      let inData = false
      let pending = ''
      socket.on('data', chunk => {
        pending += chunk
        for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
          const line = pending.slice(0, end)
          pending = pending.slice(end + 2)
          received.push(line)
          if (inData) {
            if (line === '.') {
              inData = false
              socket.write(`${answers['.'] ?? '250 ok'}\r\n`)
            }
            continue
          }
          const verb = line.split(/[ :]/)[0]!.toUpperCase()
          inData = verb === 'DATA'
          socket.write(`${answers[verb] ?? (inData ? '354 go' : '250 ok')}\r\n`)
        }
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
    const { port: tcp } = server.address() as AddressInfo
    return `smtp://127.0.0.1:${tcp}`
  }
  afterEach(async () => {
    await port.close()
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })

  test('gets the mail', async () => {
    port = openSmtpMail(await serve({}), FROM)
    await port.send(mail())
    expect(received).toContain('MAIL FROM:<shop@example.org>')
    expect(received).toContain('RCPT TO:<kim@example.com>')
    expect(received).toContain('To: kim@example.com')
  })

  test('that refuses the receiver is believed for good', async () => {
    port = openSmtpMail(await serve({ RCPT: '550 no such user' }), FROM)
    await expect(port.send(mail())).rejects.toThrow(MailRefused)
  })

  test.each([{ RCPT: '451 greylisted' }, { '.': '452 disk full' }, { MAIL: '421 busy' }])(
    'that says later is asked again: %j',
    async answers => {
      port = openSmtpMail(await serve(answers), FROM)
      const error: unknown = await port.send(mail()).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(Error)
      expect(error).not.toBeInstanceOf(MailRefused)
    },
  )

  test('that never answers is given up in time', async () => {
    port = openSmtpMail(await serve({}, null), FROM, 200)
    await expect(port.send(mail())).rejects.toThrow('longer than 200 ms')
  })
})
