import { accessSync, constants } from 'node:fs';
import { type BrowserContext, chromium } from 'playwright-core';

const DEFAULT_PATH = '/usr/bin/chromium';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a real Chromium with an empty profile in `profileFolder`; throws a sentence on how to get one. */
export async function startChromium(profileFolder: string): Promise<BrowserContext> {
  const executablePath = process.env.CHROMIUM_PATH ?? DEFAULT_PATH;
  try {
    accessSync(executablePath, constants.X_OK);
  } catch (cause) {
    const message = `There is no Chromium at ${executablePath}. Install one (on Debian: apt-get install chromium), or name yours in CHROMIUM_PATH.`;
    throw new Error(message, { cause });
  }
  return chromium.launchPersistentContext(profileFolder, {
    executablePath,
    args: ARGUMENTS,
    headless: true,
    chromiumSandbox: false,
  });
}
