// `--url`, the same for every command that talks to a running shop.

import { type Command, InvalidArgumentError } from 'commander'

export function withUrlOption(command: Command): Command {
  return command.option('--url <url>', 'where the shop is', urlOf, 'http://127.0.0.1:8080')
}

function urlOf(text: string): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new InvalidArgumentError('it is written like http://127.0.0.1:8080.')
  return text
}
