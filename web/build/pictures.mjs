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
/** Of 1: text stays sharp, and a page takes some tens of kilobytes. */
const QUALITY = 0.82;

const shots = process.env.FAIRWAY_SHOTS;
const [out] = process.argv.slice(2);
if (!shots || !out) throw new Error('say FAIRWAY_SHOTS=FOLDER, and the folder of the documents\u2019 pictures');
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.FAIRWAY_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage();
  for (const [name, shot] of Object.entries(PICTURES)) {
    const source = `data:image/png;base64,${readFileSync(join(shots, `${shot}.png`)).toString('base64')}`;
    const made = await page.evaluate(
      async ([url, quality]) => {
        const picture = new Image();
        picture.src = url;
        await picture.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
        canvas.getContext('2d').drawImage(picture, 0, 0);
        return canvas.toDataURL('image/webp', quality);
      },
      [source, QUALITY],
    );
    const bytes = Buffer.from(made.slice(made.indexOf(',') + 1), 'base64');
    writeFileSync(join(out, `${name}.webp`), bytes);
    console.log(`${name}.webp: ${bytes.length} bytes`);
  }
} finally {
  await browser.close();
}
