// Makes the documents' pictures of what the browser's specifications photographed: FAIRWAY_SHOTS is the folder of their pictures, the
// argument the folder of the documents' pictures. `cargo xtask pictures` knows both.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Of each picture of the documents the state that it shows. */
const PICTURES = {
  tour: 'tour-wide-light',
  'kiosk-prompt': 'kiosk-prompt-wide-light',
  'kiosk-offer': 'kiosk-offer-wide-light',
  'kiosk-charging': 'kiosk-charging-wide-light',
  bill: 'my-bill-wide-light',
  overview: 'overview-wide-light',
  'agreement-diff': 'agreement-diff-wide-light',
  forecast: 'forecast-wide-light',
  settlement: 'settlement-wide-light',
  story: 'story-wide-light',
  transaction: 'transaction-wide-light',
  simulator: 'simulator-killed-wide-light',
};
/** The states that stand side by side on the page of all screens, smaller. */
const SCREENS = [
  'kiosk-typing-wrong-wide-light', 'kiosk-checking-wide-light', 'kiosk-plug-in-wide-light', 'kiosk-stop-asked-wide-light', 'kiosk-bill-wide-light',
  'kiosk-error-silent-wide-light', 'kiosk-faulted-wide-light', 'kiosk-offline-wide-light', 'kiosk-offer-small-dark', 'kiosk-offer-tall-light', 'kiosk-prompt-rtl-wide-light',
  'kiosk-phone-prompt-phone-light', 'kiosk-phone-offer-phone-light', 'kiosk-phone-charging-phone-dark', 'kiosk-phone-receipt-phone-light',
  'my-live-phone-dark', 'my-bill-phone-light', 'my-cards-phone-light',
  'stations-wide-light', 'sessions-wide-dark', 'sessions-mirrored-wide-light', 'customers-wide-light', 'policy-wide-light', 'tariffs-small-wide-light', 'agreements-waiting-wide-light',
  'network-wide-light', 'results-wide-light', 'replay-wide-dark', 'line-cut-wide-light', 'blocks-wide-light', 'ledger-accounts-wide-light', 'check-wide-dark', 'simulator-wide-light',
];
/** Of those, in pixels. */
const SCREEN_WIDTH = 720;
/** Of 1: text stays sharp, and a page takes some tens of kilobytes. */
const QUALITY = 0.82;

const shots = process.env.FAIRWAY_SHOTS;
const [out] = process.argv.slice(2);
if (!shots || !out) throw new Error('say FAIRWAY_SHOTS=FOLDER, and the folder of the documents\u2019 pictures');
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.FAIRWAY_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage();
  const screens = SCREENS.map((shot) => [`screen-${shot}`, shot, SCREEN_WIDTH]);
  for (const [name, shot, most = Infinity] of [...Object.entries(PICTURES), ...screens]) {
    const source = `data:image/png;base64,${readFileSync(join(shots, `${shot}.png`)).toString('base64')}`;
    const made = await page.evaluate(
      async ([url, quality, most]) => {
        const picture = new Image();
        picture.src = url;
        await picture.decode();
        const canvas = document.createElement('canvas');
        const part = Math.min(1, most / picture.naturalWidth);
        [canvas.width, canvas.height] = [Math.round(picture.naturalWidth * part), Math.round(picture.naturalHeight * part)];
        const onto = canvas.getContext('2d');
        onto.imageSmoothingQuality = 'high';
        onto.drawImage(picture, 0, 0, canvas.width, canvas.height);
        return canvas.toDataURL('image/webp', quality);
      },
      // JSON has no endless number.
      [source, QUALITY, Number.isFinite(most) ? most : 1e9],
    );
    const bytes = Buffer.from(made.slice(made.indexOf(',') + 1), 'base64');
    writeFileSync(join(out, `${name}.webp`), bytes);
    console.log(`${name}.webp: ${bytes.length} bytes`);
  }
} finally {
  await browser.close();
}
