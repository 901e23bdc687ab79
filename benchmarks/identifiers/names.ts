/** Names as people have them; half of the given ones are in the guard's own list, half are not. */
export const givenNames = (
  'Jane John Mary Robert Linda Michael Patricia William Elizabeth David Barbara Richard Susan Joseph Jessica Thomas Sarah Carlos Fatima Mohammed ' +
  'Aisha Wei Ming Hiroshi Yuki Olga Ivan Dmitri Anna Lars Ingrid Pierre Camille Giulia Marco Sofia Diego Priya Rahul Anjali ' +
  'Aoife Siobhan Tadeusz Zbigniew Nkechi Oluwaseun Thandiwe Kwame Xiomara Itzel Leilani Kaimana Eirlys Bronwen Ragnhild Sindri Zuzanna Bohdan Oksana Tuấn ' +
  'Nguyệt Jordi Montserrat Maelle Thibault Gwenael Anneliese Friedhelm Waltraud Ottokar'
).split(' ');

export const familyNames = (
  "Roe Smith Johnson Williams Garcia Miller Davis Rodriguez Martinez Hernandez O'Brien McDonald Nguyen Kowalska Müller Schmidt Okafor Adeyemi Tanaka Suzuki " +
  'Petrov Ivanova Andersson Dubois Rossi Fernández Silva Khan Patel Singh Abramowitz van-Dijk Lindqvist Papadopoulos Yılmaz Haddad Cohen Kim Park Chen'
).split(' ');

export const streets = 'Main,Oak Hill,Washington,Elm,Sunset,Maple,Lincoln,Second,Park,Lake View,Cedar,Church,5th,Martin Luther King,Old Mill,Highland'.split(',');
export const streetKinds = 'Street St Avenue Ave Boulevard Blvd Road Rd Lane Drive Court Way Terrace Highway'.split(' ');
export const cities = 'Springfield,Fairview,San Mateo,Oakland,Portland,Madison,Santa Fe,Little Rock,Ann Arbor,Boise,Tulsa,Baton Rouge,El Paso,Fort Worth,Green Bay,Eugene'.split(',');
export const states = 'CA NY TX WA OR IL FL MA CO AZ MI GA OH PA NC VA'.split(' ');
export const domains = 'example.com mail.example.org clinic-north.example gmail.com t-online.de uni.edu.au health.example.co.uk proton.me'.split(' ');
