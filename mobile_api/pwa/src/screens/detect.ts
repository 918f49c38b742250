/** Looking for a QR code in the camera's picture: the browser's own detector, or a decoder that comes when it is missing. */

/** The text of a code in the picture, or null. */
export type Look = (video: HTMLVideoElement) => Promise<string | null>;

interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { rawValue: string }[]>;
}
interface DetectorMaker {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats?(): Promise<readonly string[]>;
}

/** A side in pixels that a cheap phone decodes in well under the time between two looks. */
const SIDE = 480;

export async function lookForCodes(): Promise<Look> {
  const maker = (globalThis as { BarcodeDetector?: DetectorMaker }).BarcodeDetector;
  // Some browsers have the name and no detector behind it.
  const formats = await maker?.getSupportedFormats?.().catch((): string[] => []);
  if (maker && (formats === undefined || formats.includes("qr_code"))) {
    const detector = new maker({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  }
  return ownDecoder();
}

async function ownDecoder(): Promise<Look> {
  const { decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!pen || !width || !height) return null;
    // The middle square: where the person was asked to hold the code.
    const side = Math.min(width, height);
    canvas.width = canvas.height = Math.min(side, SIDE);
    pen.drawImage(video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(pen.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null; // no code in this picture
    }
  };
}
