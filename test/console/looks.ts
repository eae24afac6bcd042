/** What is asked of every page, whatever it shows. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from 'playwright-core';

/** For what comes by itself: a look of the page at the server, a frame of a socket. */
export const PATIENCE = { timeout: 60_000, interval: 50 } as const;

/** Every page, and dialogs on them, where there is a topic `orders` and a group `billing` that reads it. */
export const PAGES: readonly string[] = [
  '/dashboard',
  '/topics',
  '/topics?create=true',
  '/topics/orders',
  '/topics/orders?delete=true',
  '/topics/orders/messages?partition=1&record=3',
  '/console?topic=orders',
  '/agents',
  '/agents/agent-0',
  '/consumer-groups',
  '/consumer-groups/billing',
  '/consumer-groups/billing?reset=true',
  '/monitoring',
];

/** Nothing is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('.late').first().waitFor({ state: 'detached' });
}

export async function overflowOf(page: Page): Promise<number> {
  return await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth);
}

export async function violationsOf(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** A figure by its name, whole, as it says on hover. */
export async function figureOf(within: Page | Locator, label: string): Promise<string | null> {
  const figure = within.locator(`dt:text-is("${label}") + dd [title]`).first();
  return await figure.getAttribute('title');
}

/** Of a table, without its head, as text: what is in sight, in its order. */
export async function columnOf(table: Locator, title: string): Promise<string[]> {
  await table.waitFor();
  const titles = await table.getByRole('columnheader').allTextContents();
  const index = titles.indexOf(title);
  if (index < 0) throw new Error(`there is no column ${title} but ${titles.join(', ')}`);
  // Rows are kept by the browser in the order they came: the place says which is above.
  return await table
    .locator('[role=row]:has([role=cell])')
    .evaluateAll(
      (rows, cell) =>
        rows
          .toSorted((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
          .map((row) => row.querySelectorAll('[role=cell]')[cell]?.textContent ?? ''),
      index,
    );
}

/** The parameter of the page's address. */
export function searchOf(page: Page, name: string): string | null {
  return new URL(page.url()).searchParams.get(name);
}

/** A property of style as the browser has computed it. */
export async function styleOf(locator: Locator, property: string): Promise<string> {
  return await locator.evaluate(
    (element, name) =>
      element.ownerDocument.defaultView.getComputedStyle(element).getPropertyValue(name),
    property,
  );
}
