/** A real browser: Chromium out of its npm package, or the one that CHROME_PATH names. */
import chromiumPackage from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/**
 * The package's own arguments are for functions in a cloud: they emulate a graphics card, which takes a core by itself, and let
 * pages read what other origins serve.
 */
const ARGS = ['--disable-gpu', '--font-render-hinting=none'];

/** The first start unpacks it, which takes seconds. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROME_PATH'] ?? (await chromiumPackage.executablePath());
  return await chromium.launch({ executablePath, args: ARGS });
}

/** Theirs, whatever the machine has: pages are compared and looked at. */
export const PLACE = { locale: 'en-US', timezoneId: 'Europe/Berlin' } as const;
export const DESKTOP = { viewport: { width: 1_280, height: 800 } } as const;
export const PHONE = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
} as const;
