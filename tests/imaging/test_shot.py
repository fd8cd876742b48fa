"""What EXIF tells of how a picture was taken; broken values cost themselves alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from diif_viewer.imaging.exif import exif_bytes
from diif_viewer.imaging.shot import Shot, shot_of

BASE, GPS = ExifTags.Base, ExifTags.GPS


def block(outer=None, inner=None, position=None) -> bytes:
    exif = Image.Exif()
    for tag, value in (outer or {}).items():
        exif[tag] = value
    if inner:
        exif[ExifTags.IFD.Exif] = inner
    if position:
        exif[ExifTags.IFD.GPSInfo] = position
    return exif_bytes(exif)


def test_what_a_camera_writes() -> None:
    outer = {
        BASE.Make: "NIKON CORPORATION",
        BASE.Model: "NIKON D750",
        BASE.Artist: "Zo\u00eb".encode().decode("latin-1"),
        BASE.DateTime: "2024:05:02 09:00:00",
        BASE.Software: "Ver.1.10 \0 ",
    }
    inner = {
        BASE.DateTimeOriginal: "2024:05:01 12:30:07",
        BASE.ExposureTime: IFDRational(1, 250),
        BASE.FNumber: IFDRational(28, 10),
        BASE.ISOSpeedRatings: 400,
        BASE.FocalLength: IFDRational(85, 1),
        BASE.FocalLengthIn35mmFilm: 127,
        BASE.LensModel: "85.0 mm f/1.8",
    }
    position = {GPS.GPSLatitudeRef: "S", GPS.GPSLatitude: (33.0, 51.0, 24.84), GPS.GPSLongitudeRef: "E"}
    position[GPS.GPSLongitude] = (151.0, 12.0, 54.0)
    shot = shot_of(block(outer, inner, position))
    assert shot.camera == "NIKON D750"
    assert (shot.taken, shot.lens, shot.artist) == ("2024:05:01 12:30:07", "85.0 mm f/1.8", "Zoë")
    assert (shot.seconds, shot.aperture, shot.sensitivity) == (pytest.approx(0.004), pytest.approx(2.8), 400)
    assert (shot.focal, shot.film, shot.software) == (85, 127, "Ver.1.10")
    assert shot.place == pytest.approx((-33.8569, 151.215))


@pytest.mark.parametrize(
    ("maker", "model", "camera"),
    [
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("", "X", "X"),
        ("Leica", "", "Leica"),
        ("Canon", "Canonet", "Canon Canonet"),
    ],
)
def test_a_camera_is_called_by_maker_and_model(maker: str, model: str, camera: str) -> None:
    assert shot_of(block({BASE.Make: maker, BASE.Model: model})).camera == camera


def test_the_maker_is_not_named_twice_and_the_date_of_the_file_is_better_than_none() -> None:
    shot = shot_of(block({BASE.Make: "Canon", BASE.Model: "Canon EOS 5D", BASE.DateTime: "2020:01:02 03:04:05"}))
    assert (shot.camera, shot.taken) == ("Canon EOS 5D", "2020:01:02 03:04:05")


@pytest.mark.parametrize("broken", [None, b"", b"no EXIF", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_nothing_where_there_is_nothing(broken: bytes | None) -> None:
    assert shot_of(broken) == Shot()


def test_what_makes_no_sense_is_left_out_and_costs_nothing_else() -> None:
    inner = {BASE.ExposureTime: IFDRational(0, 1), BASE.FNumber: IFDRational(1, 0), BASE.LensModel: "kept"}
    position = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (95.0, 0.0, 0.0), GPS.GPSLongitude: (5.0, 0.0)}
    shot = shot_of(block({}, inner, position))
    assert shot == Shot(lens="kept")


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes) -> None:
    assert isinstance(shot_of(b"Exif\0\0" + data), Shot)
