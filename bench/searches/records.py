"""Made-up records for bench/million: patients of 100 resources each, always the same ones."""
import datetime
import random

LOINC, SNOMED, RXNORM, CVX = "http://loinc.org", "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/cvx"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
UNITS = ("mg/dL", "mmol/L", "g/dL", "%", "mm[Hg]", "kg", "cm", "/min", "U/L", "10*3/uL")
FAMILIES = ("Smith", "García", "Müller", "Okafor", "Nguyen", "Kowalski", "Rossi", "Haddad", "Johnson", "Silva", "Ivanova", "Tanaka")
GIVEN = ("Ada", "José", "Maria", "Wei", "Fatima", "Olga", "Liam", "Noah", "Zoë", "Amara", "Hans", "Priya", "Tomás", "Ingrid")
CITIES = ("Worcester", "Boston", "Springfield", "Lowell", "Cambridge", "Brockton", "Quincy", "Lynn")
PRACTITIONERS, ORGANIZATIONS = 400, 40
RESOURCES_EACH = 100  # of a patient, with the patient
ENCOUNTERS, CONDITIONS, OBSERVATIONS, PRESCRIPTIONS, IMMUNIZATIONS, PROCEDURES, REPORTS = 8, 6, 65, 8, 4, 4, 4
FIRST_DAY = datetime.date(2004, 1, 1)


def codes(count, low, seed):
    picked = random.Random(seed).sample(range(low, low * 9), count)
    return [(str(n), f"Term {n} {('serum', 'blood', 'urine', 'plasma')[n % 4]}") for n in sorted(picked)]


OBSERVATION_CODES = [(f"{code}-{int(code) % 10}", text) for code, text in codes(200, 1000, 1)]
CONDITION_CODES, DRUGS, PROCEDURE_CODES, VACCINES = codes(150, 100000, 2), codes(120, 10000, 3), codes(60, 100000, 4), codes(30, 10, 5)
# Some codes are on nearly every record and most on few, as in life.
WEIGHTS = [1 / (rank + 3) for rank in range(200)]


def concept(system, code, text):
    return f'{{"coding":[{{"system":"{system}","code":"{code}","display":"{text}"}}],"text":"{text}"}}'


def status(system, code):
    return f'{{"coding":[{{"system":"{system}","code":"{code}"}}]}}'


def entry(kind, name, elements):
    return (f'{{"fullUrl":"http://example.org/fhir/{kind}/{name}","resource":{{"resourceType":"{kind}","id":"{name}",{elements}}},'
            f'"request":{{"method":"PUT","url":"{kind}/{name}"}}}}')


def practice():
    """What all patients share."""
    entries = [entry("Organization", f"org{n}", f'"active":true,"name":"Hospital {n}","identifier":[{{"system":"http://hl7.org/fhir/sid/us-npi","value":"{1000000000 + n}"}}]')
               for n in range(ORGANIZATIONS)]
    entries += [entry("Practitioner", f"doc{n}", f'"active":true,"name":[{{"family":"{FAMILIES[n % 12]}","given":["{GIVEN[n % 14]}"],"prefix":["Dr."]}}]')
                for n in range(PRACTITIONERS)]
    return entries


def patient(number):
    """The 100 entries of one patient."""
    chance = random.Random(number)
    me = f'{{"reference":"Patient/p{number}"}}'
    days = sorted(chance.randrange(0, 7600) for _ in range(ENCOUNTERS))
    # Of a visit: its day, the reference to it, and who was there.
    visits = []
    for n, day in enumerate(days):
        date = (FIRST_DAY + datetime.timedelta(day)).isoformat()
        visits.append((date, f'"encounter":{{"reference":"Encounter/e{number}-{n}"}}', chance.randrange(PRACTITIONERS), chance.randrange(8, 17)))
    made = [entry("Patient", f"p{number}",
                  f'"identifier":[{{"system":"urn:oid:1.2.36.146.595.217.0.1","value":"MRN{number:08}"}},{{"system":"http://hl7.org/fhir/sid/us-ssn","value":"999-{number % 100:02}-{number % 10000:04}"}}],'
                  f'"name":[{{"use":"official","family":"{chance.choice(FAMILIES)}{number % 997}","given":["{chance.choice(GIVEN)}","{chance.choice(GIVEN)}"]}}],'
                  f'"telecom":[{{"system":"phone","value":"555-{number:07}","use":"home"}}],"gender":"{"female" if number % 2 else "male"}",'
                  f'"birthDate":"{(datetime.date(1930, 1, 1) + datetime.timedelta(chance.randrange(0, 27000))).isoformat()}",'
                  f'"address":[{{"line":["{chance.randrange(1, 999)} Elm Street"],"city":"{chance.choice(CITIES)}","state":"MA","postalCode":"01{chance.randrange(0, 999):03}","country":"US"}}],'
                  f'"generalPractitioner":[{{"reference":"Practitioner/doc{chance.randrange(PRACTITIONERS)}"}}]')]
    for n, (date, _, doctor, hour) in enumerate(visits):
        made.append(entry("Encounter", f"e{number}-{n}",
                          f'"status":"finished","class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{"AMB" if n % 4 else "EMER"}"}},'
                          f'"type":[{concept(SNOMED, "185349003", "Encounter for check up")}],"subject":{me},'
                          f'"participant":[{{"individual":{{"reference":"Practitioner/doc{doctor}"}}}}],"period":{{"start":"{date}T{hour:02}:00:00Z","end":"{date}T{hour:02}:30:00Z"}},'
                          f'"serviceProvider":{{"reference":"Organization/org{doctor % ORGANIZATIONS}"}}'))
    for n in range(CONDITIONS):
        date, visit, _, hour = chance.choice(visits)
        code, text = chance.choices(CONDITION_CODES, WEIGHTS[:150])[0]
        made.append(entry("Condition", f"c{number}-{n}",
                          f'"clinicalStatus":{status("http://terminology.hl7.org/CodeSystem/condition-clinical", "active" if n % 3 else "resolved")},'
                          f'"category":[{concept("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis", "Encounter Diagnosis")}],'
                          f'"code":{concept(SNOMED, code, text)},"subject":{me},{visit},"onsetDateTime":"{date}T{hour:02}:05:00Z","recordedDate":"{date}"'))
    picked = chance.choices(range(200), WEIGHTS, k=OBSERVATIONS)
    for n, which in enumerate(picked):
        date, visit, doctor, hour = visits[n % ENCOUNTERS]
        code, text = OBSERVATION_CODES[which]
        kind = "laboratory" if which % 3 else "vital-signs"
        unit = UNITS[which % 10]
        made.append(entry("Observation", f"o{number}-{n}",
                          f'"status":"final","category":[{concept(CATEGORY, kind, kind)}],"code":{concept(LOINC, code, text)},"subject":{me},{visit},'
                          f'"effectiveDateTime":"{date}T{hour:02}:{n % 60:02}:00Z","issued":"{date}T{hour:02}:{n % 60:02}:30.000Z","performer":[{{"reference":"Practitioner/doc{doctor}"}}],'
                          f'"valueQuantity":{{"value":{chance.randrange(10, 40000) / 100},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}'))
    for n in range(PRESCRIPTIONS):
        date, visit, doctor, hour = chance.choice(visits)
        code, text = chance.choices(DRUGS, WEIGHTS[:120])[0]
        made.append(entry("MedicationRequest", f"m{number}-{n}",
                          f'"status":"{"active" if n % 3 else "stopped"}","intent":"order","medicationCodeableConcept":{concept(RXNORM, code, text)},"subject":{me},{visit},'
                          f'"authoredOn":"{date}T{hour:02}:20:00Z","requester":{{"reference":"Practitioner/doc{doctor}"}},'
                          f'"dosageInstruction":[{{"sequence":1,"text":"twice a day","timing":{{"repeat":{{"frequency":2,"period":1,"periodUnit":"d"}}}}}}]'))
    for n in range(IMMUNIZATIONS):
        date, visit, _, hour = chance.choice(visits)
        code, text = chance.choice(VACCINES)
        made.append(entry("Immunization", f"i{number}-{n}", f'"status":"completed","vaccineCode":{concept(CVX, code, text)},"patient":{me},{visit},"occurrenceDateTime":"{date}T{hour:02}:15:00Z"'))
    for n in range(PROCEDURES):
        date, visit, _, hour = chance.choice(visits)
        code, text = chance.choice(PROCEDURE_CODES)
        made.append(entry("Procedure", f"r{number}-{n}", f'"status":"completed","code":{concept(SNOMED, code, text)},"subject":{me},{visit},"performedPeriod":{{"start":"{date}T{hour:02}:10:00Z","end":"{date}T{hour:02}:25:00Z"}}'))
    for n in range(REPORTS):
        date, visit, doctor, hour = visits[n]
        results = ",".join(f'{{"reference":"Observation/o{number}-{m}"}}' for m in range(n, OBSERVATIONS, ENCOUNTERS))
        made.append(entry("DiagnosticReport", f"d{number}-{n}", f'"status":"final","code":{concept(LOINC, "24323-8", "Comprehensive metabolic panel")},"subject":{me},{visit},'
                          f'"effectiveDateTime":"{date}T{hour:02}:00:00Z","performer":[{{"reference":"Organization/org{doctor % ORGANIZATIONS}"}}],"result":[{results}]'))
    return made


def bundle(entries):
    return ('{"resourceType":"Bundle","type":"transaction","entry":[' + ",".join(entries) + "]}").encode()
