import { cities, domains, familyNames, givenNames, states, streetKinds, streets } from './names.js';
import type { Draw } from './Draw.js';

/** An identifier in its surroundings, before it is disguised. */
export interface Clean {
  readonly before?: string;
  readonly identifier: string;
  readonly after?: string;
  /** What must not be left of it. */
  readonly parts: readonly string[];
  /** The member that holds it. Default: one whose name tells nothing. */
  readonly key?: string;
}

export const letters = 'ABCDEFGHIJKLMNOPQR'.split('') as readonly Letter[]; // as written
export type Letter = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | 'N' | 'O' | 'P' | 'Q' | 'R';

export const titles: Readonly<Record<Letter, string>> = {
  A: 'names',
  B: 'places below a state',
  C: 'dates of a person, ages above 89',
  D: 'telephone numbers',
  E: 'fax numbers',
  F: 'mail addresses',
  G: 'social security numbers',
  H: 'medical record numbers',
  I: 'health plan numbers',
  J: 'account numbers',
  K: 'certificates and licences',
  L: 'vehicles and plates',
  M: 'devices and serial numbers',
  N: 'URLs of a person',
  O: 'IP addresses',
  P: 'biometrics',
  Q: 'photographs',
  R: 'other unique numbers',
};

type Maker = (draw: Draw) => Clean;

const months = 'January February March April May June July August September October November December'.split(' ');
const two = (value: number): string => String(value).padStart(2, '0');

function dateOf(draw: Draw): string {
  const [year, month, day] = [draw.whole(1925, 2026), draw.whole(1, 12), draw.whole(1, 28)];
  const name = months[month - 1] ?? '';
  return draw.one([
    `${two(month)}/${two(day)}/${year}`,
    `${year}-${two(month)}-${two(day)}`,
    `${day}.${month}.${year}`,
    `${day} ${name} ${year}`,
    `${name} ${day}, ${year}`,
    `${name.slice(0, 3)} ${day}, ${year}`,
    `${two(day)}-${name.slice(0, 3)}-${year}`,
    `${two(month)}/${two(day)}/${two(year % 100)}`,
  ]);
}

function phoneOf(draw: Draw): string {
  const d = (count: number) => draw.digits(count);
  const area = `${draw.whole(2, 9)}${d(2)}`;
  const exchange = `${draw.whole(2, 9)}${d(2)}`;
  return draw.one([
    `${area}-${exchange}-${d(4)}`,
    `(${area}) ${exchange}-${d(4)}`,
    `+1 ${area} ${exchange} ${d(4)}`,
    `1-${area}-${exchange}-${d(4)}`,
    `${area}.${exchange}.${d(4)}`,
    `+1${area}${exchange}${d(4)}`,
    `+44 20 7${d(3)} ${d(4)}`,
    `020 7${d(3)} ${d(4)}`,
    `+49 30 ${d(3)}${d(4)}`,
    `0${draw.whole(30, 99)} / ${d(7)}`,
    `+33 ${draw.whole(1, 9)} ${d(2)} ${d(2)} ${d(2)} ${d(2)}`,
    `0${draw.whole(1, 9)} ${d(2)} ${d(2)} ${d(2)} ${d(2)}`,
    `+91 ${draw.whole(70, 99)}${d(3)} ${d(5)}`,
    `+81-3-${d(4)}-${d(4)}`,
    `+55 11 9${d(4)}-${d(4)}`,
  ]);
}

function addressOf(draw: Draw): Clean {
  const house = draw.whole(1, 9999);
  const street = draw.one(streets);
  const city = draw.one(cities);
  return draw.one<() => Clean>([
    () => ({ before: draw.one(['lives at ', 'home: ', '', 'visit at ']), identifier: `${house} ${street} ${draw.one(streetKinds)}`, parts: [street] }),
    () => ({ before: 'moved to ', identifier: `${city}, ${draw.one(states)} ${draw.digits(5)}`, parts: [city] }),
    () => ({ before: draw.one(['lives in ', 'resident of ', 'from the city of ', 'grew up in ']), identifier: city, after: draw.one(['', ' since spring', '.']), parts: [city] }),
    () => ({ before: 'PO ', identifier: `Box ${draw.digits(4)}`, parts: [] }),
    () => ({ before: draw.one(['zip ', 'ZIP code: ', 'postcode ', 'zip code is ']), identifier: draw.one([draw.digits(5), `${draw.digits(5)}-${draw.digits(4)}`]), parts: [] }),
    () => ({ before: 'in ', identifier: `${draw.one(['Orange', 'Cook', 'King', 'Harris', 'Travis'])} County`, parts: [] }),
    () => ({ before: 'at ', identifier: `${draw.one(['SW1A', 'M1', 'EC1A', 'LS9', 'B33'])} ${draw.whole(1, 9)}${draw.one(['AA', 'BX', 'HQ', 'TH'])}`, parts: [] }),
    () => ({ before: 'near ', identifier: `${draw.whole(25, 48)}.${draw.digits(5)}, -${draw.whole(70, 120)}.${draw.digits(5)}`, parts: [] }),
    () => ({ identifier: `${draw.one(['Haupt', 'Garten', 'Bahnhof', 'Schiller'])}straße ${draw.whole(1, 200)}`, parts: ['stra'] }),
    () => ({ key: draw.one(['city', 'homeCity', 'zip', 'postal_code', 'county', 'streetAddress']), identifier: city, parts: [city] }),
  ])();
}

/** A number after words that say what it is. */
function told(words: readonly string[], number: (draw: Draw) => string, keys: readonly string[] = []): Maker {
  return (draw) => {
    const identifier = number(draw);
    if (keys.length > 0 && draw.chance(0.15)) return { key: draw.one(keys), identifier, parts: [identifier] };
    const before = draw.one(words) + draw.one([' ', ': ', ' is ', ' = ', ' #', ', ']);
    return { before: draw.one(['', '', 'the ', 'her ', 'Updated ', 'for ']) + before, identifier, after: draw.one(['', '', ' today', '.', ', thanks', ' (confirmed)']), parts: [identifier] };
  };
}

const alphanumeric = 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789';
const code = (draw: Draw, count: number): string => Array.from({ length: count }, () => alphanumeric[draw.whole(0, alphanumeric.length - 1)]).join('');

/** With a right check digit, as every car's. */
export function vinOf(draw: Draw): string {
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
  const body = Array.from(draw.one(['1HG', 'WDB', 'JTD', 'WVW', '5YJ']) + code(draw, 14));
  const sum = body.reduce((total, character, place) => total + (/\d/.test(character) ? Number(character) : valueOfLetter(character)) * (weights[place] ?? 0), 0);
  body[8] = sum % 11 === 10 ? 'X' : String(sum % 11);
  return body.join('');
}

function valueOfLetter(letter: string): number {
  const order = 'ABCDEFGH..JKLMN.P.R..STUVWXYZ';
  const at = order.indexOf(letter);
  return at < 8 ? at + 1 : at < 19 ? at - 9 : at - 19;
}

/** With right check digits. */
function ibanOf(draw: Draw): string {
  const country = draw.one(['DE', 'GB', 'FR', 'ES']);
  const account = country === 'GB' ? `NWBK${draw.digits(14)}` : draw.digits({ DE: 18, FR: 23, ES: 20 }[country] ?? 18);
  const digits = Array.from(`${account}${country}00`, (character) => (/\d/.test(character) ? character : String(character.charCodeAt(0) - 55))).join('');
  const iban = `${country}${String(98n - (BigInt(digits) % 97n)).padStart(2, '0')}${account}`;
  return draw.chance(0.5) ? iban : iban.replace(/(.{4})(?=.)/g, '$1 ');
}

export function luhn(body: string): string {
  let sum = 0;
  for (const [place, digit] of Array.from(body).toReversed().entries()) {
    const value = place % 2 === 0 ? Number(digit) * 2 : Number(digit);
    sum += value > 9 ? value - 9 : value;
  }
  return body + String((10 - (sum % 10)) % 10);
}

const macOf = (draw: Draw): string => Array.from({ length: 6 }, () => draw.hex(2)).join(draw.one([':', '-']));
const uuidOf = (draw: Draw): string => [8, 4, 4, 4, 12].map((count) => draw.hex(count)).join('-');

function nameOf(draw: Draw): Clean {
  const given = draw.one(givenNames);
  const family = draw.one(familyNames);
  const full = `${given} ${family}`;
  const parts = [given, family];
  return draw.one<() => Clean>([
    () => ({ before: `seen by ${draw.one(['Dr. ', 'Dr ', 'Mrs. ', 'Mr. ', 'Prof. '])}`, identifier: full, parts }),
    () => ({ before: draw.one(['my name is ', 'My name is ', 'Patient name: ', 'full name is ']), identifier: full, after: draw.one(['', ' and I am fine', '.']), parts }),
    () => ({ before: draw.one(['patient ', 'client ', 'Patient: ', 'therapist ', 'nurse ', 'her husband ', 'his sister ']), identifier: full, after: draw.one([' cancelled', ' called', '']), parts }),
    () => ({ before: draw.one(['Dear ', 'Signed, ', 'Regards, ', 'Hello, I am ']), identifier: full, parts }),
    () => ({ before: draw.one(['call with ', 'message from ', 'booked for ', 'reminder sent to ']), identifier: full, after: draw.one(['', ' today', ' at noon']), parts }),
    () => ({ before: 'Intake: ', identifier: `${family}, ${given}`, parts }),
    () => ({ identifier: full, parts }),
    () => ({ key: draw.one(['firstName', 'patient_name', 'fullName', 'clientName', 'displayName']), identifier: full, parts }),
    () => ({ key: draw.one(['patient', 'therapist', 'client', 'user']), identifier: full, parts }),
  ])();
}

function localPart(draw: Draw): string {
  const plain = (name: string) => name.normalize('NFD').replace(/[^A-Za-z]/g, '').toLowerCase();
  const given = plain(draw.one(givenNames));
  const family = plain(draw.one(familyNames));
  return draw.one([`${given}.${family}`, `${given}${draw.whole(1, 99)}`, `${given[0] ?? 'x'}${family}`, `${given}_${family}`, `${given}+news`]);
}

function urlOf(draw: Draw): Clean {
  const who = localPart(draw).replace('+news', '.x');
  return draw.one<() => Clean>([
    () => ({ before: draw.one(['see ', 'referrer ', '']), identifier: `https://${draw.one(['www.facebook.com/', 'twitter.com/', 'www.instagram.com/', 'www.linkedin.com/in/', 'github.com/', 'x.com/', 'www.tiktok.com/@', 'youtube.com/@', 'm.facebook.com/profile.php?id=1000', 'reddit.com/user/'])}${who}`, parts: [who] }),
    () => ({ identifier: `https://portal.example.org/patients/${who}/notes`, parts: [who] }),
    () => ({ identifier: `http://people.example.edu/~${who}/`, parts: [who] }),
    () => ({ identifier: `https://${who}:${code(draw, 8)}@files.example.com/a`, parts: [who] }),
    () => ({ identifier: `https://app.example.com/welcome?${draw.one(['email', 'name', 'user_name', 'patientId', 'phone'])}=${who}&step=2`, parts: [who] }),
    () => ({ before: 'follow ', identifier: `@${who.replaceAll('.', '_')}`, after: ' on instagram', parts: [who.replaceAll('.', '_')] }),
    () => ({ key: draw.one(['profileUrl', 'websiteUrl', 'linkedin', 'homepage', 'facebookUrl']), identifier: `https://site.example/${who}`, parts: [who] }),
  ])();
}

function addressOfNetwork(draw: Draw): Clean {
  const octet = () => draw.whole(1, 254);
  const four = `${draw.whole(11, 126)}.${octet()}.${octet()}.${octet()}`;
  const group = () => draw.hex(4).replace(/^0+(?=.)/, '');
  const six = draw.one([
    `2001:db8:${group()}:${group()}:${group()}:${group()}:${group()}:${group()}`,
    `2001:db8::${group()}:${group()}`,
    `fe80::${group()}:${group()}:${group()}:${draw.whole(1, 9)}${draw.hex(3)}`,
    `::ffff:${four}`,
  ]);
  const identifier = draw.one([four, four, six]);
  return draw.one<() => Clean>([
    () => ({ before: draw.one(['from ', 'client ', 'ip=', 'remote addr: ', '']), identifier, after: draw.one(['', ' timed out', ', twice']), parts: [identifier] }),
    () => ({ before: 'connect ', identifier: `${four}:${draw.whole(1024, 65_000)}`, parts: [four] }),
    () => ({ before: 'http://', identifier: four, after: '/status', parts: [four] }),
    () => ({ key: draw.one(['ip', 'clientIp', 'remote_address', 'x-forwarded-for']), identifier, parts: [identifier] }),
  ])();
}

function payloadOf(draw: Draw, magic: readonly number[], bytes = 60): string {
  return Buffer.from([...magic, ...Array.from({ length: bytes }, () => draw.whole(0, 255))]).toString('base64');
}

function biometricOf(draw: Draw): Clean {
  const template = payloadOf(draw, draw.one([[0x46, 0x4d, 0x52, 0], [0x46, 0x41, 0x43, 0], [0x49, 0x49, 0x52, 0], [0x46, 0x49, 0x52, 0]]));
  const part = template.slice(0, 24);
  const audio = payloadOf(draw, [0x52, 0x49, 0x46, 0x46, 1, 2, 3, 0, 0x57, 0x41, 0x56, 0x45]);
  return draw.one<() => Clean>([
    () => ({ before: draw.one(['template ', 'matched ', '']), identifier: template, parts: [part] }),
    () => ({ before: draw.one(['fingerprint: ', 'voiceprint ', 'retina scan = ', 'iris code ', 'face template: ', 'palm print ']), identifier: draw.hex(40), parts: [] }),
    () => ({ before: 'voice ', identifier: `data:audio/${draw.one(['wav', 'ogg', 'mpeg', 'webm'])};base64,${audio}`, parts: [audio.slice(0, 24)] }),
    () => ({ before: draw.one(['', 'recorded ']), identifier: audio, parts: [audio.slice(0, 24)] }),
    () => ({ key: draw.one(['fingerprint', 'voicePrint', 'faceId', 'retinaScan', 'iris', 'biometricTemplate', 'faceEmbedding']), identifier: draw.hex(32), parts: [] }),
  ])();
}

function photoOf(draw: Draw): Clean {
  const payload = payloadOf(draw, draw.one([[0xff, 0xd8, 0xff, 0xe0], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], [0x47, 0x49, 0x46, 0x38, 0x39, 0x61], [0x52, 0x49, 0x46, 0x46, 9, 9, 9, 9, 0x57, 0x45, 0x42, 0x50]]), 90);
  const part = payload.slice(0, 24);
  return draw.one<() => Clean>([
    () => ({ before: draw.one(['', 'photo ', 'uploaded ']), identifier: `data:image/${draw.one(['jpeg', 'png', 'gif', 'webp'])};base64,${payload}`, parts: [part] }),
    () => ({ before: draw.one(['', 'image: ', 'selfie ']), identifier: payload, parts: [part] }),
    () => ({ key: draw.one(['photo', 'avatar', 'selfie', 'profilePicture', 'headshot', 'portrait']), identifier: `/media/${draw.hex(12)}`, parts: [] }),
    () => ({ before: 'background url(', identifier: `data:image/png;base64,${payload}`, after: ')', parts: [part] }),
  ])();
}

function tokenOf(draw: Draw): Clean {
  const segment = (count: number) => payloadOf(draw, [], count).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const token = draw.one([
    `eyJhbGciOiJIUzI1NiJ9.eyJ${segment(24)}.${segment(32)}`,
    `sk_live_${code(draw, 24)}`,
    `ghp_${code(draw, 36)}`,
    `AKIA${code(draw, 16).toUpperCase()}`,
    `xoxb-${draw.digits(12)}-${code(draw, 24)}`,
  ]);
  return { before: draw.one(['', 'auth ', 'sent ']), identifier: token, parts: [token] };
}

export const makers: Readonly<Record<Letter, Maker>> = {
  A: nameOf,
  B: addressOf,
  C: (draw) => {
    const age = draw.whole(90, 109);
    const date = dateOf(draw);
    return draw.one<() => Clean>([
      () => ({ before: draw.one(['born ', 'born on ', 'DOB: ', 'dob ', 'date of birth: ', 'birthday ', 'Birth date is ']), identifier: date, parts: [] }),
      () => ({ before: draw.one(['admitted on ', 'admission date: ', 'discharged ', 'date of death: ', 'died on ', 'surgery on ', 'appointment on ', 'last visit: ', 'seen on ', 'hospitalized since ']), identifier: date, after: draw.one(['', ' at noon', '.']), parts: [] }),
      () => ({ before: draw.one(['aged ', 'age ', 'age: ']), identifier: String(age), parts: [] }),
      () => ({ before: 'is ', identifier: `${age}${draw.one([' years old', '-year-old', ' yo', ' y/o', ' years of age'])}`, parts: [] }),
      () => ({ key: draw.one(['dob', 'birthDate', 'date_of_birth', 'admissionDate', 'dischargeDate', 'dateOfDeath']), identifier: date, parts: [] }),
    ])();
  },
  D: (draw) => {
    const phone = phoneOf(draw);
    return { before: draw.one(['call ', 'phone: ', 'tel ', '', 'cell is ', 'text me at ', 'reach me on ', 'mobile ']), identifier: phone, after: draw.one(['', ' tomorrow', '.', ' after 5']), parts: [phone] };
  },
  E: (draw) => {
    const phone = phoneOf(draw);
    if (draw.chance(0.15)) return { key: draw.one(['fax', 'faxNumber', 'office_fax']), identifier: phone, parts: [phone] };
    return { before: draw.one(['fax ', 'fax: ', 'Fax no. ', 'fax number is ', 'send by fax to ', 'telefax ']), identifier: phone, parts: [phone] };
  },
  F: (draw) => {
    const local = localPart(draw);
    const identifier = `${local}@${draw.one(domains)}`;
    if (draw.chance(0.1)) return { key: draw.one(['email', 'contactEmail', 'mail_address']), identifier, parts: [local] };
    if (draw.chance(0.1)) return { before: 'write to ', identifier: identifier.replace('@', draw.one([' at ', ' [at] ', '(at)', ' AT '])).replaceAll('.', draw.one(['.', ' dot ', '[dot]'])), parts: [local] };
    return { before: draw.one(['', 'mail ', 'write to ', '<', 'mailto:', 'user=']), identifier, after: draw.one(['', ' please', '>', ', thanks', '.']), parts: [local] };
  },
  G: (draw) => {
    const ssn = `${two(draw.whole(10, 89))}${draw.whole(1, 9)}-${two(draw.whole(1, 99))}-${draw.whole(1000, 9999)}`.replace('666', '667');
    if (draw.chance(0.15)) return { key: draw.one(['ssn', 'socialSecurityNumber', 'national_id', 'taxId']), identifier: ssn, parts: [ssn] };
    return draw.chance(0.4)
      ? { before: draw.one(['', 'has ', 'on file ']), identifier: ssn, parts: [ssn] }
      : { before: draw.one(['SSN ', 'ssn: ', 'social security number ', 'Social Security no. ', 'SSN is ', 'social security #']), identifier: draw.one([ssn, ssn.replaceAll('-', ''), ssn.replaceAll('-', ' ')]), parts: [ssn] };
  },
  H: told(['MRN', 'mrn', 'medical record number', 'medical record no.', 'chart number', 'patient id', 'patient number', 'NHS number', 'hospital number', 'health record'], (draw) => draw.one([draw.digits(7), draw.digits(10), `A-${draw.digits(6)}`, `MR${draw.digits(8)}`, `${draw.digits(3)}-${draw.digits(3)}-${draw.digits(4)}`]), ['mrn', 'patientId', 'medicalRecordNumber', 'chart_number']),
  I: told(['member id', 'Member ID', 'subscriber number', 'policy number', 'insurance id', 'Medicare number', 'Medicaid id', 'health plan number', 'beneficiary number', 'group number'], (draw) => draw.one([`XYZ${draw.digits(9)}`, draw.digits(9), `${draw.whole(1, 9)}EG4-TE5-MK${draw.digits(2)}`, `H${draw.digits(4)}-${draw.digits(3)}`]), ['memberId', 'policyNumber', 'insurance_id', 'subscriberId']),
  J: (draw) =>
    draw.one<Maker>([
      told(['account number', 'account no.', 'acct #', 'bank account', 'routing number', 'checking account'], (each) => each.one([each.digits(10), each.digits(8), `${each.digits(4)}-${each.digits(6)}`, each.digits(12)]), ['accountNumber', 'bank_account', 'iban']),
      (each) => {
        const iban = ibanOf(each);
        return { before: each.one(['', 'IBAN ', 'pay to ']), identifier: iban, parts: [iban.slice(4)] };
      },
      (each) => {
        const card = luhn(each.one(['4', '51', '2221', '6011']) + each.digits(15)).slice(0, 16);
        const valid = luhn(card.slice(0, 15));
        const identifier = each.one([valid, valid.replace(/(\d{4})(?=\d)/g, '$1 '), valid.replace(/(\d{4})(?=\d)/g, '$1-')]);
        return { before: each.one(['', 'card ', 'paid with ']), identifier, parts: [valid] };
      },
    ])(draw),
  K: told(["driver's license", 'driver license number', 'licence no.', 'license number', 'passport number', 'passport', 'DEA number', 'NPI', 'certificate number', 'permit number', 'DL'], (draw) => draw.one([`D${draw.digits(7)}`, `${code(draw, 2)}${draw.digits(6)}`, draw.digits(9), `AB${draw.digits(7)}`, `${draw.digits(3)}-${draw.digits(4)}`]), ['passportNumber', 'driversLicense', 'npi', 'licenseNumber', 'certificateNumber']),
  L: (draw) =>
    draw.chance(0.5)
      ? (() => {
          const vin = vinOf(draw);
          return { before: draw.one(['', 'VIN ', 'vehicle ', 'car: ']), identifier: vin, parts: [vin] };
        })()
      : told(['license plate', 'plate number', 'licence plate', 'number plate', 'plate', 'vehicle registration', 'Kennzeichen'], (each) => each.one([`${each.whole(1, 9)}ABC${each.digits(3)}`, `KLM-${each.digits(4)}`, `B-XY ${each.digits(4)}`, `AB${each.digits(2)} CDE`, `${each.digits(3)} XYZ`]), ['licensePlate', 'vin', 'numberPlate'])(draw),
  M: (draw) =>
    draw.one<Maker>([
      (each) => {
        const mac = macOf(each);
        return { before: each.one(['device ', '', 'mac ']), identifier: mac, parts: [mac] };
      },
      told(['serial number', 'serial no.', 'S/N', 'device id', 'pacemaker serial', 'IMEI', 'UDID', 'device serial number', 'implant serial'], (each) => each.one([`SN${each.digits(8)}`, code(each, 4) + each.digits(8), luhn(`35${each.digits(12)}`), uuidOf(each), `C02${each.digits(3)}ABC${each.digits(2)}`]), ['deviceId', 'serialNumber', 'imei', 'udid', 'advertising_id']),
      (each) => ({ before: each.one(['', 'phone with ', 'imei ']), identifier: luhn(`35${each.digits(12)}`), parts: [] }),
    ])(draw),
  N: urlOf,
  O: addressOfNetwork,
  P: biometricOf,
  Q: photoOf,
  R: (draw) =>
    draw.one<Maker>([
      told(['customer number', 'client id', 'case number', 'claim number', 'referral no.', 'prescription number', 'Rx #', 'specimen id', 'accession number', 'encounter id', 'study id', 'employee number', 'user id', 'participant id', 'confirmation number'], (each) => each.one([each.digits(6), each.digits(9), `C-${each.digits(6)}`, `${code(each, 3)}${each.digits(5)}`, uuidOf(each), `${each.digits(4)}-${each.digits(4)}`]), ['referralCode', 'customerNumber', 'caseNumber', 'claimId', 'participantId']),
      tokenOf,
    ])(draw),
};
