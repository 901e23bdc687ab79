import type { GuardClass } from './Guard.js';

/** What stands under a key. */
export interface KeyClass {
  readonly class: GuardClass;
  /** Given where the key alone does not tell: whether this value is an identifier. */
  readonly test?: (value: string | number) => boolean;
}

// A key is split into words (`patientFirstName`, `patient_first_name`) and compared by its end, without separators.
const endings: Readonly<Record<GuardClass, string>> = {
  email: 'email emails emailaddress mailaddress emailaddr',
  phone: 'phone phones telephone tel fax cellphone mobilephone msisdn phonenumber telephonenumber officefax mobilenumber cellnumber faxnumber whatsapp',
  ssn: 'ssn socialsecurity socialsecuritynumber nino nationalid nationalinsurancenumber taxid taxnumber itin',
  mrn: 'mrn medicalrecord medicalrecordnumber medicalrecordno patientid patientnumber patientno chartnumber nhsnumber healthrecordnumber',
  plan: 'memberid insuranceid insurancenumber policynumber subscriberid beneficiaryid beneficiarynumber medicareid medicarenumber medicaidid medicaidnumber healthplannumber',
  account: 'accountnumber acctnumber accountno iban bankaccount routingnumber',
  card: 'creditcard debitcard cardnumber creditcardnumber ccnumber cvv cvc',
  licence: 'licensenumber licencenumber driverslicense driverslicence driverlicense passport passportnumber certificatenumber deanumber npi',
  vehicle: 'vin licenseplate licenceplate numberplate',
  device: 'deviceid udid imei imsi idfa idfv gaid androidid advertisingid serialnumber deviceserial macaddress hardwareid machineid fingerprint',
  ip: 'ip ipaddress ipaddr clientip remoteip remoteaddr remoteaddress forwardedfor ipv4 ipv6',
  name: 'firstname lastname fullname givenname familyname middlename maidenname surname forename username displayname nickname screenname legalname preferredname realname patientname clientname therapistname clinicianname doctorname providername membername customername contactname guardianname parentname mothername fathername spousename partnername childname employeename personname',
  birth: 'dob birthdate birthday dateofbirth birth born birthyear placeofbirth',
  address: 'address addr streetaddress homeaddress street addressline addressline1 addressline2 postaladdress mailingaddress zip zipcode postcode postalcode city county',
  coordinates: 'lat latitude lon lng longitude coords coordinates geolocation latlng latlon gps',
  date: 'admissiondate dischargedate dateofdeath deathdate dateofadmission dateofdischarge admittedat dischargedat',
  biometric: 'biometric biometrics biometrictemplate voiceprint faceid facetemplate faceembedding retina retinascan iris irisscan palmprint fingerprinttemplate',
  photo: 'photo photos avatar selfie profilepicture profilephoto profileimage headshot portrait photourl avatarurl',
  id: 'casenumber caseno claimnumber claimid customernumber customerno participantid encounterid accessionnumber specimenid prescriptionnumber referralcode referralnumber employeenumber employeeid',
  secret: 'password passwd pwd passphrase secret token jwt authorization apikey privatekey secretkey cookie cookies setcookie credentials otp',
};
const classByEnding: ReadonlyMap<string, GuardClass> = new Map(
  Object.entries(endings).flatMap(([name, words]) => words.split(' ').map((word) => [word, name] as const)),
);
/** The most words that one ending is made of. */
const MAX_WORDS = 4;

// `emailCount` and `phoneType` tell about an identifier; they are none. A place stays a place, whatever else it is called.
const about = new Set(
  'count total type kind status state valid verified enabled sent opened clicked format length field label error required visible present changed ms rate version consent preference optin provider'.split(' '),
);

const people = new Set(
  'person patient client user member customer contact therapist clinician doctor physician nurse provider counselor guardian parent mother father spouse partner child employee staff author owner caller caregiver'.split(' '),
);

/** The words of a key in lower case: `patientFirstName` and `patient-first-name` are `patient`, `first`, `name`. */
function wordsOf(key: string): string[] {
  return key
    .normalize('NFKC')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** A key in the form in which policies are compared: `First_Name` and `firstName` are one key. */
export function canonicalKey(key: string): string {
  return wordsOf(key).join('');
}

/** Whether what is nested below tells about a person, so that a bare `name` there is theirs. */
export function isPersonKey(key: string): boolean {
  const words = wordsOf(key);
  return people.has((words.at(-1) ?? '').replace(/s$/, ''));
}

/** @param isOfPerson whether a bare `name` would be a person's here; undefined when it may be */
export function classifyKey(key: string, isOfPerson: boolean | undefined): KeyClass | undefined {
  const words = wordsOf(key);
  const last = words.at(-1);
  if (last === undefined || about.has(last)) return undefined;
  for (let count = Math.min(MAX_WORDS, words.length); count > 0; count--) {
    const found = classByEnding.get(words.slice(-count).join(''));
    if (found !== undefined) return { class: found };
  }
  if (last === 'name' && words.length === 1 && isOfPerson !== false) {
    return isOfPerson === true ? { class: 'name' } : { class: 'name', test: looksLikePersonName };
  }
  if (words.length === 1 && people.has(last)) return { class: 'name', test: looksLikePersonName };
  if (urlKeys.has(words.join(''))) return { class: 'url', test: isUrl };
  if (last === 'mobile' || last === 'cell') return { class: 'phone', test: hasPhoneLength };
  if (last === 'age') return { class: 'age', test: isOver89 };
  return undefined;
}

const personName = /^(?:(?:Dr|Mr|Mrs|Ms|Miss|Prof)\.? )?\p{Lu}[\p{L}'’.-]{0,40}(?: \p{Lu}[\p{L}'’.-]{0,40}){1,3}$/u;
const interfaceWord =
  /\b(?:Page|Button|Form|Home|Link|Menu|Screen|View|Tab|Dialog|Modal|Session|Settings|Profile|Dashboard|Sign|Log|Login|Submit|Save|Cancel|New|Mobile|Safari|Chrome|Firefox|Edge|Opera|Browser|Windows|Mac|Android|Linux|Chromium|Internet|Test|Plan|Therapy|Group|Report|Video|Audio|Survey|Assessment|Check|Start|End|Event)\b/;

/** Two to four capitalised words. Titles of pages and buttons look the same, so their usual words are let through. */
export function looksLikePersonName(value: string | number): boolean {
  return typeof value === 'string' && value.length <= 128 && personName.test(value) && !interfaceWord.test(value);
}

/** Where somebody is to be found. */
const urlKeys = new Set('profileurl websiteurl website homepage personalurl linkedin linkedinurl facebook facebookurl instagram twitter'.split(' '));

function isUrl(value: string | number): boolean {
  return typeof value === 'string' && value.includes('://');
}

function hasPhoneLength(value: string | number): boolean {
  return String(value).replace(/\D/g, '').length >= 7;
}

function isOver89(value: string | number): boolean {
  return Number(value) > 89;
}
