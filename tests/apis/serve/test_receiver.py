"""The door: who may send, what is kept, and what an answer of success means."""

from __future__ import annotations

import random
import socket
import sqlite3
import ssl
import time
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid
from pynetdicom import AE, _config, dimse_messages
from pynetdicom.dimse_primitives import C_STORE

from mammo_plugins.apis.serve import receiver as module
from mammo_plugins.apis.serve.job_table import JobTable
from mammo_plugins.apis.serve.receiver import CONFLICT, NOT_WANTED, OUT_OF_RESOURCES, UNUSABLE, Receiver
from mammo_plugins.apis.serve.settings import Peer, Receive
from mammo_plugins.apis.serve.spool import Spool
from mammo_plugins.apis.serve.states import State
from mammo_plugins.io.dicom_modality import COMPUTED_BY
from tests.dicom_archive.data_set import data_set_bytes
from tests.dicom_archive.private_network import free_port
from tests.fuzz.dicom_mutations import mutate_dicom
from tests.fuzz.valid_files import valid_dicom_files
from tests.io.dicom_builder import item, mammogram, save

from .conftest import until
from .studies import associated, make_study, send


class Door:
    """A receiver by itself.

    Attributes:
        free: bytes that the disk is said to have.
    """

    def __init__(self, root, **changes):
        self.free = 10**12
        self.settings = Receive('MAMMO', free_port(), minimum_free_gb=1.0, peers=(Peer('PACS'),), **changes)
        self.spool = Spool(root / 'spool', lambda _: self.free)
        self.table = JobTable(self.spool.table)
        self.words = []
        self.receiver = Receiver(self.settings, self.spool, self.table, self.words.append)
        self.receiver.start()

    @property
    def port(self):
        return self.settings.port

    def files(self):
        """Everything that lies in the spool as an object, whole or half."""
        return sorted([*self.spool.incoming.iterdir(), *self.spool.images.rglob('*.*')])

    def uids(self):
        return {uid for (uid,) in self.table.ask('SELECT sop_uid FROM images')}

    def close(self):
        self.receiver.stop()
        self.table.close()


@pytest.fixture
def open_door(tmp_path):
    doors = []

    def open_one(**changes):
        doors.append(Door(tmp_path / str(len(doors)), **changes))
        return doors[-1]

    yield open_one
    for door in doors:
        door.close()


@pytest.fixture
def door(open_door):
    return open_door()


def test_objects_lie_whole_under_names_that_tell_nothing(door, tmp_path):
    files = make_study(tmp_path)
    assert send(door.port, files) == [0] * 4
    kept = door.files()
    assert len(kept) == 4
    assert {data_set_bytes(path.read_bytes()) for path in kept} == {data_set_bytes(path.read_bytes()) for path in files}
    names = ' '.join(map(str, kept))
    header = dcmread(files[0], stop_before_pixels=True)
    assert all(uid not in names for uid in (header.StudyInstanceUID, header.SOPInstanceUID, header.PatientID))
    views = door.table.ask('SELECT modality, view FROM images')
    assert sorted(views) == [('FFDM', view) for view in ('L-CC', 'L-MLO', 'R-CC', 'R-MLO')]
    assert [job.state for job in door.table.jobs(*State)] == [State.COLLECTING]


def test_object_is_on_disk_and_in_the_table_before_it_is_answered(door, tmp_path, monkeypatch):
    (file,) = make_study(tmp_path, [('L', 'CC')])
    steps = []
    for name in ('sync', 'move_whole', 'enter_image'):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, name=name, real=real: (steps.append(name), real(*a))[1])
    assert send(door.port, [file]) == [0]
    assert steps == ['sync', 'move_whole', 'enter_image']


def test_only_listed_titles_may_send_and_only_to_this_title(door, open_door):
    assert associated(door.port, title='STRANGER').is_rejected
    assert associated(door.port, called='OTHER').is_rejected
    association = associated(door.port)
    assert association.send_c_echo().Status == 0
    association.release()
    until(lambda: door.words == ['rejected association'] * 2)


def test_listed_title_from_another_address_may_not_send(tmp_path, open_door):
    door = open_door()
    door.receiver._addresses = {'PACS': {'10.9.8.7'}}
    (file,) = make_study(tmp_path, [('L', 'CC')])
    assert send(door.port, [file]) == [0x0124]
    assert door.files() == [] and door.uids() == set()


def test_the_same_bytes_again_change_nothing_and_other_bytes_are_refused(door, tmp_path):
    (file,) = make_study(tmp_path, [('L', 'CC')])
    assert send(door.port, [file, file]) == [0, 0]
    before = [path.read_bytes() for path in door.files()]
    other = dcmread(file)
    other.StudyTime = '111111'
    save(other, tmp_path / 'other.dcm')
    assert send(door.port, [tmp_path / 'other.dcm']) == [CONFLICT]
    assert [path.read_bytes() for path in door.files()] == before
    assert len(door.table.jobs(*State)) == 1
    assert any(event.content.get('what') == 'conflict' for event in door.table.events_after(0))


def test_full_disk_refuses_by_status_keeps_nothing_half_and_loses_nothing(door, tmp_path, monkeypatch):
    files = make_study(tmp_path)
    assert send(door.port, files[:1]) == [0]
    door.free = 10**9 - 1
    assert send(door.port, files[1:2]) == [OUT_OF_RESOURCES]
    door.free = 10**12

    def no_space(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(module, 'move_whole', no_space)
    assert send(door.port, files[1:2]) == [OUT_OF_RESOURCES]
    monkeypatch.undo()
    until(lambda: len(door.files()) == 1)
    assert send(door.port, files) == [0] * 4
    assert len(door.files()) == 4


@pytest.mark.parametrize('step', ['enter_image', 'judge_arrival', 'note'])
def test_job_table_without_space_refuses_by_status_and_leaves_no_file(step, door, tmp_path, monkeypatch):
    def no_space(*_, **__):
        raise sqlite3.OperationalError('database or disk is full')

    (file,) = make_study(tmp_path, [('L', 'CC')])
    monkeypatch.setattr(*((door.table, step) if step == 'note' else (module, step)), no_space)
    assert send(door.port, [file]) == [OUT_OF_RESOURCES]
    until(lambda: door.files() == [])
    monkeypatch.undo()
    assert door.uids() == set()
    assert send(door.port, [file]) == [0]


def test_disk_that_is_full_in_the_middle_of_an_object_ends_the_association_only(door, tmp_path, monkeypatch):
    real = dimse_messages.NamedTemporaryFile

    class Full:
        def __init__(self, **options):
            self._file = real(**options)
            self.name, self.file, self.parts = self._file.name, self._file.file, 0

        def write(self, data):
            self.parts += len(data)
            if self.parts > 2000:
                raise OSError(28, 'No space left on device')
            return self._file.write(data)

        def close(self):
            self._file.close()
            raise OSError(28, 'No space left on device')  # of what was left in its buffer

        def __getattr__(self, name):
            return getattr(self._file, name)

    def no_space(*_, **__):
        raise sqlite3.OperationalError('database or disk is full')

    monkeypatch.setattr(dimse_messages, 'NamedTemporaryFile', Full)
    monkeypatch.setattr(door.table, 'note', no_space)
    (file,) = make_study(tmp_path, [('L', 'CC')])
    association = associated(door.port, [file])
    association.dimse_timeout = 10
    assert association.send_c_store(dcmread(file)).get('Status') is None
    until(lambda: not association.is_established)
    until(lambda: door.files() == [])
    monkeypatch.undo()
    assert send(door.port, [file]) == [0]


def test_interrupted_association_leaves_no_half(door, tmp_path):
    (file,) = make_study(tmp_path, [('L', 'CC')])
    association = associated(door.port, [file])
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    header = dcmread(file, stop_before_pixels=True)
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    _, offset = _split(file)
    request._dataset_path = (file, offset)
    message = _request_message(request)
    context = association.accepted_contexts[0].context_id
    for number, part in enumerate(message.encode_msg(context, 512)):
        if number == 4:  # a few hundred bytes of it
            break
        association.dul.send_pdu(part)
    until(lambda: len(list(door.spool.incoming.iterdir())) == 1)
    association.dul.socket.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: door.files() == [])
    assert door.uids() == set()


def _split(file):
    from pynetdicom.dsutils import split_dataset

    return split_dataset(file)


def _request_message(request):
    from pynetdicom.dimse_messages import C_STORE_RQ

    message = C_STORE_RQ()
    message.primitive_to_message(request)
    return message


def test_results_and_other_objects_are_refused_or_ignored_and_never_start_a_job(open_door, tmp_path):
    own = mammogram(
        ContributingEquipmentSequence=[item(Manufacturer=COMPUTED_BY, SoftwareVersions='1')],
        SOPClassUID='1.2.840.10008.5.1.4.1.1.7',
    )
    own.file_meta.MediaStorageSOPClassUID = own.SOPClassUID
    report = mammogram(SOPClassUID='1.2.840.10008.5.1.4.1.1.88.50', Modality='SR')
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID
    files = [save(own, tmp_path / 'own.dcm'), save(report, tmp_path / 'sr.dcm')]
    strict, lenient = open_door(), open_door(other_objects='ignore')
    assert send(strict.port, files[:1]) == [NOT_WANTED]
    assert not associated(strict.port, files[1:]).accepted_contexts[1:]
    assert send(lenient.port, files) == [0, 0]
    for door in (strict, lenient):
        assert door.files() == [] and door.table.jobs(*State) == []
    assert lenient.words == ['ignored', 'ignored']


@pytest.mark.parametrize(
    'elements',
    [
        {'StudyInstanceUID': ''},
        {'StudyInstanceUID': None},
        {'StudyInstanceUID': '../../etc/passwd'},
        {'SOPClassUID': '1.2.840.10008.5.1.4.1.1.2', 'Modality': 'CT', 'ViewPosition': None},
        {'SOPClassUID': '1.2.840.10008.5.1.4.1.1.7', 'Modality': 'OT'},
    ],
)
def test_objects_that_belong_nowhere_are_refused(elements, door, tmp_path):
    image = mammogram(**elements)
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    (file,) = [save(image, tmp_path / 'odd.dcm')]
    assert send(door.port, [file]) == [UNUSABLE]
    assert door.files() == [] and door.uids() == set()


def test_object_with_another_uid_than_was_announced_is_refused(door, tmp_path, monkeypatch):
    (file,) = make_study(tmp_path, [('L', 'CC')])
    image = dcmread(file)
    image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    image.save_as(tmp_path / 'other.dcm', enforce_file_format=False)
    association = associated(door.port, [file])
    assert association.send_c_store(tmp_path / 'other.dcm').get('Status') == UNUSABLE
    association.release()
    assert door.files() == []


def test_hostile_objects_come_to_nothing_or_are_kept_whole_and_the_door_stays_open(door, tmp_path):
    """Damage of every kind of the fuzz tests through the network, each in an association of its own."""
    rng = random.Random(11)
    contents = list(valid_dicom_files().values())
    entity = AE(ae_title='PACS')
    for sop_class in module.IMAGE_CLASSES:
        entity.add_requested_context(sop_class, list(module.TRANSFER_SYNTAXES[:1]))
    statuses = []
    for number in range(40):
        file = tmp_path / f'{number}.dcm'
        file.write_bytes(mutate_dicom(rng, rng.choice(contents)))
        association = entity.associate('127.0.0.1', door.port, ae_title='MAMMO')
        assert association.is_established, number
        association.dimse_timeout = 20
        statuses.append(_send_raw(association, file))
        if association.is_established:
            association.release()
        until(lambda: list(door.spool.incoming.iterdir()) == [])
        assert len(door.files()) == len(door.uids()) == (statuses[-1] == 0)
        door.table.ask('DELETE FROM images')
        for path in door.files():
            path.unlink()
    assert {0, UNUSABLE} <= set(statuses) <= {0, UNUSABLE, None}
    good = make_study(tmp_path / 'good')
    assert send(door.port, good) == [0] * 4


def _send_raw(association, file):
    """Sends whatever stands behind the file meta information as the data set of the first class that was accepted."""
    content = file.read_bytes()
    try:
        meta = dcmread(file, stop_before_pixels=True, force=True)
        sop_class, uid = str(meta.SOPClassUID), str(meta.SOPInstanceUID)
    except Exception:  # pydicom raises all kinds on damaged bytes, which are sent all the same
        sop_class, uid = '', ''
    known = {str(context.abstract_syntax): context.context_id for context in association.accepted_contexts}
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID = sop_class if sop_class in known else module.IMAGE_CLASSES[0]
    try:
        request.AffectedSOPInstanceUID = uid or '1.2.3'
    except (ValueError, TypeError):
        request.AffectedSOPInstanceUID = '1.2.3'
    try:
        request.DataSet = BytesIO(data_set_bytes(content))
    except Exception:  # no meta information that can be read: what stands behind the prefix
        request.DataSet = BytesIO(content[132:])
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.001)
    association.dimse.send_msg(request, known[str(request.AffectedSOPClassUID)])
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    return answer.Status if answer else None


def test_bytes_that_are_no_dicom_do_no_harm(door, tmp_path):
    rng = random.Random(3)
    for start in (
        b'GET / HTTP/1.1\r\n\r\n',
        b'\x01\x00\xff\xff\xff\xff',
        b'\x04\x00\x00\x00\x00\x10',
        b'',
        rng.randbytes(500),
    ):
        with socket.create_connection(('127.0.0.1', door.port), timeout=5) as stranger:
            stranger.sendall(start)
    assert send(door.port, make_study(tmp_path)) == [0] * 4


def test_transfers_are_encrypted_where_the_settings_say_so(open_door, certified, tmp_path):
    key, certificate = certified
    door = open_door(tls_certificate=certificate, tls_key=key, tls_authorities=certificate)
    files = make_study(tmp_path / 'study')
    client = ssl.create_default_context(cafile=certificate)
    nobody = associated(door.port, files, tls_args=(client, '127.0.0.1'))
    assert not nobody.is_established or not nobody.send_c_echo()  # no certificate of its own
    client.load_cert_chain(certificate, key)
    assert send(door.port, files, tls_args=(client, '127.0.0.1')) == [0] * 4
    assert not associated(door.port, files).is_established
    assert len(door.uids()) == 4


def test_who_is_silent_in_the_handshake_holds_up_nobody_and_is_cut_off(open_door, certified, tmp_path):
    key, certificate = certified
    door = open_door(tls_certificate=certificate, tls_key=key, network_timeout_seconds=5.0)
    client = ssl.create_default_context(cafile=certificate)
    address = ('127.0.0.1', door.port)
    with socket.create_connection(address) as first, socket.create_connection(address) as second:
        assert send(door.port, make_study(tmp_path, [('L', 'CC')]), tls_args=(client, '127.0.0.1')) == [0]
        first.settimeout(30)
        assert first.recv(1) == b''
        second.close()
        with socket.create_connection(address) as third:
            until(lambda: door.receiver._server._shaking)
            begun = time.monotonic()
            door.receiver.stop()
            assert time.monotonic() - begun < 4
            third.settimeout(2)
            assert third.recv(1) == b''


def test_stopped_receivers_leave_the_process_as_it_was(open_door):
    """In whatever order they end; those that still listen go on writing to their disk."""

    def settings():
        return dimse_messages.NamedTemporaryFile, _config.STORE_RECV_CHUNKED_DATASET, _config.STORE_SEND_CHUNKED_DATASET

    before = settings()
    first, second = open_door(), open_door()
    assert _config.STORE_RECV_CHUNKED_DATASET
    first.receiver.stop()
    assert not first.receiver.is_listening
    with dimse_messages.NamedTemporaryFile() as file:
        assert Path(file.name).parent == second.spool.incoming
    second.receiver.stop()
    assert settings() == before
