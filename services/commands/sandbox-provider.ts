// `levee sandbox-provider`: a payment provider on this machine that misbehaves on demand.

import { once } from 'node:events'
import type { Command } from 'commander'
import { CommandFailure, EXIT_CODE_HELP, UNREACHABLE, USAGE } from './exit-codes.ts'

interface Options {
  host: string
  port: string
  webhookUrl?: string
  webhookKey?: string
  json?: true
}

const TOKENS = `
Tokens: tok_ok, tok_declined, tok_slow, tok_drop (charges, then no answer), tok_error (500 once),
tok_webhook_twice, tok_webhook_late, tok_webhook_reordered. Its books are at /books.
The next requests misbehave after POST /control {"operation":"capture","behaviour":"drop","times":2};
behaviours: ok, slow, drop, lost, error.`

export function register(program: Command): void {
  program
    .command('sandbox-provider')
    .description('A payment provider to try the shop with, as slow, lossy and repetitive as its tokens say.')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0: any free one', '8090')
    .option('--webhook-url <url>', "the shop's /v1/webhooks/payments; without it no webhooks are sent")
    .option(
      '--webhook-key <key>',
      'key that signs webhooks, as payment.webhookKey of the shop; better by LEVEE_PAYMENT_WEBHOOK_KEY',
    )
    .option('--json', 'print one JSON object when ready')
    .addHelpText(
      'after',
      `${TOKENS}
\nExample:
  $ export LEVEE_PAYMENT_WEBHOOK_KEY=a-long-shared-secret
  $ levee sandbox-provider --port 8090 --webhook-url http://127.0.0.1:8080/v1/webhooks/payments &
  $ LEVEE_PAYMENT_PROVIDER_URL=http://127.0.0.1:8090 levee start\n${EXIT_CODE_HELP}`,
    )
    .action(sandboxProvider)
}

async function sandboxProvider(options: Options): Promise<void> {
  const { host, json, webhookUrl = '' } = options
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CommandFailure(USAGE, '--port must be a whole number from 0 to 65535')
  if (webhookUrl !== '' && !/^https?:$/.test(URL.parse(webhookUrl)?.protocol ?? ''))
    throw new CommandFailure(USAGE, '--webhook-url must be an http:// or https:// URL')
  const webhookKey = options.webhookKey ?? process.env.LEVEE_PAYMENT_WEBHOOK_KEY ?? ''
  if (webhookUrl !== '' && webhookKey === '')
    throw new CommandFailure(USAGE, 'webhooks must be signed: --webhook-key or LEVEE_PAYMENT_WEBHOOK_KEY')
  const { startSandboxProvider } = await import('../sandbox-provider/server.ts')
  const provider = await startSandboxProvider({ host, port, webhookUrl, webhookKey }).catch(error => {
    throw new CommandFailure(UNREACHABLE, `cannot listen on ${host}:${port}: ${(error as Error).message}`)
  })
  if (json) console.log(JSON.stringify({ ready: { url: provider.url } }))
  else console.log(`The sandbox provider listens on ${provider.url} (books: ${provider.url}/books)`)
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await provider.close()
}
