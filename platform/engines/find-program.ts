import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** Where servers are installed, though an ordinary user's PATH often leaves these folders out. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/bin', '/opt/homebrew/bin']

/** Full path of the first program with this name that may be run, or null. */
export function findProgram(name: string, searchPath: string = process.env.PATH ?? ''): string | null {
  for (const folder of [...searchPath.split(path.delimiter), ...SERVER_FOLDERS]) {
    const file = path.join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // not here: the next folder is asked
    }
  }
  return null
}
